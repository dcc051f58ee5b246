package dev.fencepost.server.service.session;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.core.PendingAcquire;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallStatus;
import dev.fencepost.server.service.call.CallerIdentity;
import dev.fencepost.server.service.grant.GrantClient;
import dev.fencepost.server.service.grant.LossListener;
import dev.fencepost.server.service.grant.PerLockSequencer;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.wire.HolderRedaction;
import dev.fencepost.server.service.wire.RequestReader.Caller;
import dev.fencepost.server.service.wire.ResponseMapper;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs the operations of one session and puts one result for each into its outbox. Their memory is
 * charged to the client: an acquire to the quota of waiting calls until it is answered, a renewal
 * or release to the quota of holders. Thread-safe.
 *
 * <p>When the client leaves, its waiting claims are withdrawn. Grants remain, including one that is
 * on its way, because the server never releases a grant on its own.
 */
final class SessionOperations {
  private final SharedSessionContext context;
  private final ResponseOutbox outbox;
  private final GrantClient grantClient;
  private final LongSupplier sendStamps;
  private final String client = CallerIdentity.current().client();
  private final CallAccess access = CallAccess.current();
  private final ByteCharge holderCharge = ByteCharge.current();
  private final ByteCharge waiterCharge;
  private final PerLockSequencer sequencer = new PerLockSequencer();
  private final HolderWindow window = new HolderWindow();
  private final Map<Long, WaitingAcquire> waiting = new ConcurrentHashMap<>();
  private volatile Caller caller;
  private volatile boolean left;

  /**
   * An acquire that is not answered yet. It is small and serves as its own callback, because there
   * are as many as waiters.
   */
  private final class WaitingAcquire implements BiConsumer<AcquireAnswer, Throwable> {
    private final Long id;
    private final PendingAcquire call;
    private final long arrivedNanos;
    private final long bytes;

    WaitingAcquire(long id, PendingAcquire call, long arrivedNanos, long bytes) {
      this.id = id;
      this.call = call;
      this.arrivedNanos = arrivedNanos;
      this.bytes = bytes;
    }

    void start() {
      waiting.put(id, this);
      call.answer().whenComplete(this);
    }

    @Override
    public void accept(@Nullable AcquireAnswer answer, @Nullable Throwable failure) {
      if (waiting.remove(id) != null) {
        onAcquireAnswered(this, answer, failure);
      }
    }
  }

  /**
   * Creates a session's operations; {@code sendStamps} returns the last send stamp that arrived.
   */
  SessionOperations(
      SharedSessionContext context,
      ResponseOutbox outbox,
      LossListener listener,
      LongSupplier sendStamps) {
    this.context = context;
    this.outbox = outbox;
    this.grantClient = GrantClient.ofSession(client, listener);
    this.sendStamps = sendStamps;
    this.waiterCharge = new ByteCharge(context.service().limits().waitingBytes(), client);
    this.caller = caller(access.claimant());
    access.onChange(this::withdrawForbidden);
  }

  /** Records the owner and metadata of the client, for claims that bring none. */
  void recordHello(Hello hello) {
    caller = caller(context.requests().claimant(hello, access.principal()));
    holderCharge.add(ByteCharge.ofWaiter(hello.getSerializedSize(), hello.getMetadataCount()));
  }

  private Caller caller(Claimant defaults) {
    return new Caller(
        defaults, client, context.service().policy().maxWait(), sendStamps, access::isMaker);
  }

  /** Returns the caller under its principal's present name, which aliases may change. */
  private Caller currentCaller() {
    Claimant defaults = caller.defaults();
    String principal = access.principal();
    if (!defaults.principal().equals(principal)) {
      caller =
          caller(new Claimant(defaults.owner(), principal, defaults.mode(), defaults.metadata()));
    }
    return caller;
  }

  /** Starts an operation, after earlier ones on its lock. Called by one thread at a time. */
  void start(Operation operation) {
    long id = operation.getId();
    switch (operation.getOperationCase()) {
      case ACQUIRE -> {
        AcquireRequest request = operation.getAcquire();
        long bytes = ByteCharge.ofWaiter(request.getSerializedSize(), request.getMetadataCount());
        if (charge(id, waiterCharge, bytes)) {
          sequencer.start(request.getName(), () -> acquire(id, request, bytes));
        }
      }
      case RENEW -> {
        long bytes = ByteCharge.ofMessage(operation.getSerializedSize());
        if (charge(id, holderCharge, bytes)) {
          renew(id, operation.getRenew(), bytes);
        }
      }
      case RELEASE -> {
        ReleaseRequest request = operation.getRelease();
        long bytes = ByteCharge.ofMessage(operation.getSerializedSize());
        if (charge(id, holderCharge, bytes)) {
          sequencer.startRelease(
              request.getName(), () -> window.start(() -> release(id, request, bytes)));
        }
      }
      case OPERATION_NOT_SET -> addResult(id, unknownOperation());
    }
  }

  private boolean charge(long id, ByteCharge charge, long bytes) {
    try {
      charge.add(bytes);
      return true;
    } catch (OverLimitException e) {
      addResult(id, failure(e));
      return false;
    }
  }

  /** Gives back the memory of waiting claims after the end of the stream. */
  void releaseCharges() {
    waiterCharge.close();
  }

  /** Withdraws all waiting claims without an answer, because the client leaves or has left. */
  void withdrawWaiting() {
    left = true;
    waiting.keySet().forEach(this::withdraw);
  }

  /** Ends the session. Its grants have no listener from now on. */
  void end() {
    withdrawWaiting();
    grantClient.detachSession();
  }

  private void acquire(long id, AcquireRequest request, long bytes) {
    if (left) {
      waiterCharge.remove(bytes);
      outbox.dropOperation();
      return;
    }
    long arrived = context.now();
    PendingAcquire call;
    try {
      AcquireCommand command = context.requests().acquire(request, currentCaller());
      context.allowedGrants().requireAcquire(access, command.claim().lock());
      context.grants().requireRoom(client, command.claim());
      call = context.coordinator().acquire(command);
    } catch (RuntimeException e) {
      addResult(id, failure(e), waiterCharge, bytes);
      return;
    }
    new WaitingAcquire(id, call, arrived, bytes).start();
    if (left) {
      withdraw(id);
    }
    refuseIfForbidden(id);
  }

  /** Answers the waiting claims whose rights were withdrawn. Grants on their way stand. */
  private void withdrawForbidden() {
    waiting.keySet().forEach(this::refuseIfForbidden);
  }

  private void refuseIfForbidden(long id) {
    WaitingAcquire acquire = waiting.get(id);
    if (acquire != null
        && !access.allows(AccessOperation.ACQUIRE, acquire.call.lock().value())
        && waiting.remove(id, acquire)) {
      acquire.call.leave();
      onAcquireAnswered(acquire, null, access.refusal("acquire", acquire.call.lock().value()));
    }
  }

  private void withdraw(long id) {
    WaitingAcquire acquire = waiting.remove(id);
    if (acquire != null) {
      acquire.call.leave();
      waiterCharge.remove(acquire.bytes);
      context.service().metrics().recordAbandonedAcquire(since(acquire));
      outbox.dropOperation();
    }
  }

  private void onAcquireAnswered(
      WaitingAcquire acquire, @Nullable AcquireAnswer answer, @Nullable Throwable failure) {
    if (answer == null) {
      context.service().metrics().recordAcquireFailure(since(acquire));
      Throwable cause = failure == null ? new IllegalStateException("no answer") : failure;
      context.allowedGrants().recordFailure(access, acquire.call.lock(), cause);
      addResult(acquire.id, failure(cause), waiterCharge, acquire.bytes);
      return;
    }
    context.service().metrics().recordAcquire(answer, since(acquire));
    AcquireResponse response = ResponseMapper.answer(answer);
    boolean mayInspect = access.allows(AccessOperation.INSPECT, acquire.call.lock().value());
    Result.Builder result =
        Result.newBuilder().setAcquire(mayInspect ? response : HolderRedaction.of(response));
    if (answer instanceof AcquireAnswer.Granted granted) {
      context.grants().record(granted.grant(), grantClient, context.now());
      context.audit().recordGrant(access, client, granted.grant());
      result.setCountsFromMark(granted.mark());
    }
    addResult(acquire.id, result, waiterCharge, acquire.bytes);
  }

  private void renew(long id, RenewRequest request, long bytes) {
    // Of the moment of arrival: the renewal may wait for others.
    long sendStamp = sendStamps.getAsLong();
    window.start(() -> renew(id, request, bytes, sendStamp));
  }

  private CompletionStage<Renewal> renew(
      long id, RenewRequest request, long bytes, long sendStamp) {
    CompletionStage<Renewal> renewed;
    try {
      GrantRef grant = context.requests().grant(request.getGrant(), "grant.", access.principal());
      renewed = context.renewals().renew(access, grant, grantClient);
    } catch (RuntimeException e) {
      addResult(id, failure(e), holderCharge, bytes);
      return CompletableFuture.failedFuture(e);
    }
    return renewed.whenComplete(
        (renewal, failure) ->
            addResult(
                id,
                failure == null ? renewalResult(renewal, sendStamp) : failure(failure),
                holderCharge,
                bytes));
  }

  private static Result.Builder renewalResult(Renewal renewal, long sendStamp) {
    Result.Builder result = Result.newBuilder().setRenew(ResponseMapper.renewal(renewal));
    return renewal instanceof Renewal.Renewed ? result.setCountsFromMark(sendStamp) : result;
  }

  private CompletionStage<Release> release(long id, ReleaseRequest request, long bytes) {
    CompletionStage<Release> released;
    try {
      ReleaseCommand command = context.requests().release(request, access.principal());
      released = context.releases().release(access, command, client);
    } catch (RuntimeException e) {
      addResult(id, failure(e), holderCharge, bytes);
      return CompletableFuture.failedFuture(e);
    }
    return released.whenComplete(
        (release, failure) ->
            addResult(
                id,
                failure == null
                    ? Result.newBuilder().setRelease(ResponseMapper.release(release))
                    : failure(failure),
                holderCharge,
                bytes));
  }

  private void addResult(long id, Result.Builder result) {
    outbox.addResult(result.setId(id).build());
  }

  private void addResult(long id, Result.Builder result, ByteCharge charge, long chargedBytes) {
    outbox.addResult(result.setId(id).build(), charge, chargedBytes);
  }

  private Result.Builder failure(Throwable failure) {
    context.responder().limits().record(failure);
    return Result.newBuilder().setFailure(context.responder().statuses().of(failure).toFailure());
  }

  private static Result.Builder unknownOperation() {
    String message = "an operation that this server does not know";
    CallStatus status =
        new CallStatus(
            Code.UNIMPLEMENTED, Code.UNIMPLEMENTED.name(), message, Optional.empty(), List.of());
    return Result.newBuilder().setFailure(status.toFailure());
  }

  private Duration since(WaitingAcquire acquire) {
    return Duration.ofNanos(context.now() - acquire.arrivedNanos);
  }
}
