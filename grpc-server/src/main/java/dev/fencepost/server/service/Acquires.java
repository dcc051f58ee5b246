package dev.fencepost.server.service;

import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.PendingAcquire;
import dev.fencepost.lock.Claimant;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.server.service.Requests.Caller;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Starts acquires and tells the queue when their callers leave. A call that waits has no thread.
 */
final class Acquires {
  /** An answer that leaves this long before the deadline still arrives. */
  private static final Duration ANSWER_TIME = Duration.ofMillis(250);

  private static final Claimant NOBODY = Claimant.named("");

  private final LockCoordinator coordinator;
  private final ServiceSettings settings;
  private final Requests requests;
  private final Answers answers;
  private final HeldGrants held;

  Acquires(
      LockCoordinator coordinator, ServiceSettings settings, Answers answers, HeldGrants held) {
    this.coordinator = coordinator;
    this.settings = settings;
    this.requests = new Requests(settings.policy());
    this.answers = answers;
    this.held = held;
  }

  void start(AcquireRequest request, ServerCallStreamObserver<AcquireResponse> observer) {
    long arrived = settings.timers().nanoTime();
    String client = Peer.current().client();
    PendingAcquire call;
    try {
      ByteCharge.current()
          .add(ByteCharge.ofWaiter(request.getSerializedSize(), request.getMetadataCount()));
      AcquireCommand order = requests.acquire(request, caller(client));
      held.requireRoom(client, order.claim());
      call = coordinator.acquire(order);
    } catch (RuntimeException e) {
      answers.refuse(observer, e);
      return;
    }
    AtomicBoolean open = new AtomicBoolean(true);
    // Also keeps a late onNext from throwing: the grant then stands, and a retry finds it.
    observer.setOnCancelHandler(
        () -> {
          call.leave();
          if (open.getAndSet(false)) {
            settings.metrics().acquireLeft(since(arrived));
          }
        });
    call.answer()
        .whenComplete(
            (answer, failure) -> {
              if (answer instanceof AcquireAnswer.Granted granted) {
                HeldGrants.Keeper keeper = HeldGrants.Keeper.caller(client);
                held.held(granted.grant(), keeper, settings.timers().nanoTime());
              }
              if (open.getAndSet(false)) {
                count(answer, failure, since(arrived));
                end(observer, answer, failure);
              }
            });
  }

  private Caller caller(String client) {
    Duration longest = longestWait(Context.current().getDeadline(), settings.policy().maxWait());
    return new Caller(NOBODY, client, longest, () -> AcquireCommand.NO_MARK);
  }

  /** What the deadline leaves for waiting; without one, the longest wait there is. */
  static Duration longestWait(@Nullable Deadline deadline, Duration maxWait) {
    if (deadline == null) {
      return maxWait;
    }
    Duration left =
        Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(ANSWER_TIME);
    return left.isNegative() ? Duration.ZERO : left;
  }

  private Duration since(long nanos) {
    return Duration.ofNanos(settings.timers().nanoTime() - nanos);
  }

  private void count(@Nullable AcquireAnswer answer, @Nullable Throwable failure, Duration time) {
    if (failure == null && answer != null) {
      settings.metrics().acquired(answer, time);
    } else {
      settings.metrics().acquireFailed(time);
    }
  }

  private void end(
      ServerCallStreamObserver<AcquireResponse> observer,
      @Nullable AcquireAnswer answer,
      @Nullable Throwable failure) {
    if (failure != null) {
      answers.refuse(observer, failure);
    } else if (answer != null) {
      answers.send(observer, ToWire.answer(answer));
    }
  }
}
