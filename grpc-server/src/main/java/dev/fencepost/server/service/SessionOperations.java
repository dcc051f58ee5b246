package dev.fencepost.server.service;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireOrder;
import dev.fencepost.core.Call;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
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
 * Carries out the operations of one session, each with one result in its outbox. Thread-safe.
 *
 * <p>When the client leaves, its waiting claims are withdrawn; grants stand, and so does one that
 * is on its way: the server never gives one back on its own.
 */
final class SessionOperations {
  private final SessionSurroundings around;
  private final Outbox outbox;
  private final HeldGrants.Teller teller;
  private final LongSupplier marks;
  private final String client = Peer.current().client();
  private final LockOrder order = new LockOrder();
  private final Map<Long, Waiting> waiting = new ConcurrentHashMap<>();
  private Hello hello = Hello.getDefaultInstance();
  private volatile boolean left;

  /** An acquire that has not been answered. As many as waiters: small, and its own callback. */
  private final class Waiting implements BiConsumer<AcquireAnswer, Throwable> {
    private final Long id;
    private final Call call;
    private final long arrivedNanos;

    Waiting(long id, Call call, long arrivedNanos) {
      this.id = id;
      this.call = call;
      this.arrivedNanos = arrivedNanos;
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
    this.teller = teller;
    this.marks = marks;
  }

  /** Who speaks; its owner and metadata go into claims that have none. */
  void introduce(Hello speaker) {
    around.requests().requireClaimant(speaker);
    hello = speaker;
  }

  /** Begins an operation, once it may; called by one thread at a time. */
  void begin(Operation operation) {
    long id = operation.getId();
    switch (operation.getOperationCase()) {
      case ACQUIRE -> {
        AcquireRequest request = completed(operation.getAcquire());
        order.begin(request.getName(), () -> acquire(id, request));
      }
      case RENEW -> renew(id, operation.getRenew());
      case RELEASE -> {
        ReleaseRequest request = operation.getRelease();
        order.beginRelease(request.getName(), () -> release(id, request));
      }
      case OPERATION_NOT_SET -> answer(id, unknown());
    }
  }

  /** The client is leaving or has left: what waits is withdrawn and not answered. */
  void leave() {
    left = true;
    waiting.keySet().forEach(this::withdraw);
  }

  private void acquire(long id, AcquireRequest request) {
    if (left) {
      outbox.dropped();
      return;
    }
    long arrived = around.now();
    Call call;
    try {
      Duration longest = around.settings().policy().maxWait();
      AcquireOrder asked = around.requests().acquire(request, longest, client, marks);
      call = around.coordinator().acquire(asked);
    } catch (RuntimeException e) {
      answer(id, failed(e));
      return;
    }
    new Waiting(id, call, arrived).start();
    if (left) {
      withdraw(id);
    }
  }

  private void withdraw(long id) {
    Waiting given = waiting.remove(id);
    if (given != null) {
      given.call.leave();
      around.settings().metrics().acquireLeft(since(given));
      outbox.dropped();
    }
  }

  private void acquired(
      Waiting given, @Nullable AcquireAnswer answer, @Nullable Throwable failure) {
    if (answer == null) {
      around.settings().metrics().acquireFailed(since(given));
      answer(given.id, failed(failure == null ? new IllegalStateException("no answer") : failure));
      return;
    }
    around.settings().metrics().acquired(answer, since(given));
    Result.Builder result = Result.newBuilder().setAcquire(ToWire.answer(answer));
    if (answer instanceof AcquireAnswer.Granted granted) {
      around.held().held(granted.grant(), teller, around.now());
      result.setCountsFromMark(granted.mark());
    }
    answer(given.id, result);
  }

  private void renew(long id, RenewRequest request) {
    long mark = marks.getAsLong();
    GrantRef grant;
    try {
      grant = around.requests().grant(request.getGrant(), "grant.");
    } catch (RuntimeException e) {
      answer(id, failed(e));
      return;
    }
    around
        .renewals()
        .renew(grant)
        .whenComplete(
            (renewal, failure) ->
                answer(id, failure == null ? renewed(renewal, grant, mark) : failed(failure)));
  }

  private Result.Builder renewed(Renewal renewal, GrantRef grant, long mark) {
    Result.Builder result = Result.newBuilder().setRenew(ToWire.renewal(renewal));
    if (renewal instanceof Renewal.Renewed renewed) {
      around.held().held(renewed.grant(), teller, around.now());
      return result.setCountsFromMark(mark);
    }
    around.held().ended(grant);
    return result;
  }

  private CompletionStage<Release> release(long id, ReleaseRequest request) {
    ReleaseOrder ending;
    try {
      ending = around.requests().release(request);
    } catch (RuntimeException e) {
      answer(id, failed(e));
      return CompletableFuture.failedFuture(e);
    }
    Optional<FencingToken> token = ending.token();
    token.ifPresent(
        named -> around.held().ended(new GrantRef(ending.lock(), ending.claim(), named)));
    return around
        .releases()
        .release(ending)
        .whenComplete(
            (release, failure) ->
                answer(
                    id,
                    failure == null
                        ? Result.newBuilder().setRelease(ToWire.release(release))
                        : failed(failure)));
  }

  private AcquireRequest completed(AcquireRequest request) {
    boolean named = !request.getOwner().isEmpty() || hello.getOwner().isEmpty();
    boolean described = request.getMetadataCount() > 0 || hello.getMetadataCount() == 0;
    if (named && described) {
      return request;
    }
    AcquireRequest.Builder completed = request.toBuilder();
    if (!named) {
      completed.setOwner(hello.getOwner());
    }
    if (!described) {
      completed.putAllMetadata(hello.getMetadataMap());
    }
    return completed.build();
  }

  private void answer(long id, Result.Builder result) {
    outbox.answer(result.setId(id).build());
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
