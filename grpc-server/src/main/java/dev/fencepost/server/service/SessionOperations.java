package dev.fencepost.server.service;

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
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.server.service.Requests.Caller;
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
 * Carries out the operations of one session, each with one result in its outbox. Thread-safe. What
 * they keep in memory is charged to their client: to those who wait until a claim is answered, to
 * holders for renewals and releases.
 *
 * <p>When the client leaves, its waiting claims are withdrawn; grants stand, and so does one that
 * is on its way: the server never gives one back on its own.
 */
final class SessionOperations {
  private final SessionSurroundings around;
  private final Outbox outbox;
  private final HeldGrants.Keeper keeper;
  private final LongSupplier marks;
  private final String client = Peer.current().client();
  private final ByteCharge holding = ByteCharge.current();
  private final ByteCharge waitingBytes;
  private final LockOrder order = new LockOrder();
  private final Map<Long, Waiting> waiting = new ConcurrentHashMap<>();
  private Caller caller;
  private volatile boolean left;

  /** An acquire that has not been answered. As many as waiters: small, and its own callback. */
  private final class Waiting implements BiConsumer<AcquireAnswer, Throwable> {
    private final Long id;
    private final PendingAcquire call;
    private final long arrivedNanos;
    private final long bytes;

    Waiting(long id, PendingAcquire call, long arrivedNanos, long bytes) {
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
        acquired(this, answer, failure);
      }
    }
  }

  /** {@code marks} is the last mark that has come. */
  SessionOperations(
      SessionSurroundings around, Outbox outbox, HeldGrants.Teller teller, LongSupplier marks) {
    this.around = around;
    this.outbox = outbox;
    this.keeper = HeldGrants.Keeper.session(client, teller);
    this.marks = marks;
    this.waitingBytes = new ByteCharge(around.settings().limits().waitingBytes(), client);
    this.caller = caller(Claimant.named(""));
  }

  /** Who speaks; its owner and metadata go into claims that have none. */
  void introduce(Hello speaker) {
    caller = caller(around.requests().claimant(speaker));
    holding.add(ByteCharge.ofWaiter(speaker.getSerializedSize(), speaker.getMetadataCount()));
  }

  private Caller caller(Claimant speaker) {
    return new Caller(speaker, client, around.settings().policy().maxWait(), marks);
  }

  /** Begins an operation, once it may; called by one thread at a time. */
  void begin(Operation operation) {
    long id = operation.getId();
    switch (operation.getOperationCase()) {
      case ACQUIRE -> {
        AcquireRequest request = operation.getAcquire();
        long bytes = ByteCharge.ofWaiter(request.getSerializedSize(), request.getMetadataCount());
        if (isCharged(id, waitingBytes, bytes)) {
          order.begin(request.getName(), () -> acquire(id, request, bytes));
        }
      }
      case RENEW -> {
        long bytes = ByteCharge.ofMessage(operation.getSerializedSize());
        if (isCharged(id, holding, bytes)) {
          renew(id, operation.getRenew(), bytes);
        }
      }
      case RELEASE -> {
        ReleaseRequest request = operation.getRelease();
        long bytes = ByteCharge.ofMessage(operation.getSerializedSize());
        if (isCharged(id, holding, bytes)) {
          order.beginRelease(request.getName(), () -> release(id, request, bytes));
        }
      }
      case OPERATION_NOT_SET -> answer(id, unknown());
    }
  }

  private boolean isCharged(long id, ByteCharge charge, long bytes) {
    try {
      charge.add(bytes);
      return true;
    } catch (OverLimitException e) {
      answer(id, failed(e));
      return false;
    }
  }

  /** The stream is over. */
  void forget() {
    waitingBytes.close();
  }

  /** The client is leaving or has left: what waits is withdrawn and not answered. */
  void leave() {
    left = true;
    waiting.keySet().forEach(this::withdraw);
  }

  /** The session is over: its grants have no listener any more. */
  void end() {
    leave();
    keeper.leave();
  }

  private void acquire(long id, AcquireRequest request, long bytes) {
    if (left) {
      waitingBytes.remove(bytes);
      outbox.dropped();
      return;
    }
    long arrived = around.now();
    PendingAcquire call;
    try {
      AcquireCommand asked = around.requests().acquire(request, caller);
      around.held().requireRoom(client, asked.claim());
      call = around.coordinator().acquire(asked);
    } catch (RuntimeException e) {
      answer(id, failed(e), waitingBytes, bytes);
      return;
    }
    new Waiting(id, call, arrived, bytes).start();
    if (left) {
      withdraw(id);
    }
  }

  private void withdraw(long id) {
    Waiting given = waiting.remove(id);
    if (given != null) {
      given.call.leave();
      waitingBytes.remove(given.bytes);
      around.settings().metrics().acquireLeft(since(given));
      outbox.dropped();
    }
  }

  private void acquired(
      Waiting given, @Nullable AcquireAnswer answer, @Nullable Throwable failure) {
    if (answer == null) {
      around.settings().metrics().acquireFailed(since(given));
      Throwable why = failure == null ? new IllegalStateException("no answer") : failure;
      answer(given.id, failed(why), waitingBytes, given.bytes);
      return;
    }
    around.settings().metrics().acquired(answer, since(given));
    Result.Builder result = Result.newBuilder().setAcquire(ToWire.answer(answer));
    if (answer instanceof AcquireAnswer.Granted granted) {
      around.held().held(granted.grant(), keeper, around.now());
      result.setCountsFromMark(granted.mark());
    }
    answer(given.id, result, waitingBytes, given.bytes);
  }

  private void renew(long id, RenewRequest request, long bytes) {
    long mark = marks.getAsLong();
    GrantRef grant;
    try {
      grant = around.requests().grant(request.getGrant(), "grant.");
    } catch (RuntimeException e) {
      answer(id, failed(e), holding, bytes);
      return;
    }
    around
        .renewals()
        .renew(grant, keeper)
        .whenComplete(
            (renewal, failure) ->
                answer(
                    id,
                    failure == null ? renewed(renewal, mark) : failed(failure),
                    holding,
                    bytes));
  }

  private static Result.Builder renewed(Renewal renewal, long mark) {
    Result.Builder result = Result.newBuilder().setRenew(ToWire.renewal(renewal));
    return renewal instanceof Renewal.Renewed ? result.setCountsFromMark(mark) : result;
  }

  private CompletionStage<Release> release(long id, ReleaseRequest request, long bytes) {
    ReleaseCommand ending;
    try {
      ending = around.requests().release(request);
    } catch (RuntimeException e) {
      answer(id, failed(e), holding, bytes);
      return CompletableFuture.failedFuture(e);
    }
    return around
        .releases()
        .release(ending)
        .whenComplete(
            (release, failure) ->
                answer(
                    id,
                    failure == null
                        ? Result.newBuilder().setRelease(ToWire.release(release))
                        : failed(failure),
                    holding,
                    bytes));
  }

  private void answer(long id, Result.Builder result) {
    outbox.answer(result.setId(id).build());
  }

  private void answer(long id, Result.Builder result, ByteCharge paidBy, long paid) {
    outbox.answer(result.setId(id).build(), paidBy, paid);
  }

  private Result.Builder failed(Throwable failure) {
    return Result.newBuilder().setFailure(around.answers().refusals().of(failure).toFailure());
  }

  private static Result.Builder unknown() {
    String message = "an operation that this server does not know";
    Refusal refusal =
        new Refusal(
            Code.UNIMPLEMENTED, Code.UNIMPLEMENTED.name(), message, Optional.empty(), List.of());
    return Result.newBuilder().setFailure(refusal.toFailure());
  }

  private Duration since(Waiting given) {
    return Duration.ofNanos(around.now() - given.arrivedNanos);
  }
}
