package dev.fencepost.server.service.call;

import dev.fencepost.core.TimerService;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls pass once the store is open. Thread-safe.
 *
 * <p>During the first attempt to open the store, unary calls wait: until the store is open, but no
 * longer than their own deadline or the longest wait. At most {@value #MAX_WAITING_CALLS} calls
 * wait. Only the headers of each are in memory, because nothing else is read yet. Streams are
 * refused, because their clients have other replicas and no deadline. After an attempt to open the
 * store has failed, every call is refused at once.
 */
public final class StoreGate implements ServerInterceptor {
  static final int MAX_WAITING_CALLS = 10_000;

  /** A response that is sent this long before the deadline still arrives. */
  private static final Duration RESPONSE_TIME = Duration.ofMillis(250);

  private enum State {
    OPENING,
    UNREACHABLE,
    OPEN
  }

  private final StatusMapper statuses;
  private final TimerService timers;
  private final Duration longestWait;
  private final Set<DeferredCall<?, ?>> waiting = ConcurrentHashMap.newKeySet();
  private final AtomicReference<State> state = new AtomicReference<>(State.OPENING);

  /**
   * Creates a gate for a store that is being opened.
   *
   * @param longestWait longest time that a call waits, whatever its deadline
   */
  public StoreGate(StatusMapper statuses, TimerService timers, Duration longestWait) {
    this.statuses = statuses;
    this.timers = timers;
    this.longestWait = longestWait;
  }

  /** Lets all waiting calls and every later call pass. */
  public void open() {
    state.set(State.OPEN);
    waiting.forEach(DeferredCall::start);
  }

  /** Refuses all waiting and later calls until {@link #open}. Has no effect afterwards. */
  public void onOpenFailed() {
    if (state.compareAndSet(State.OPENING, State.UNREACHABLE)) {
      waiting.forEach(this::refuse);
    }
  }

  /** Returns the number of calls that wait now. */
  int waitingCalls() {
    return waiting.size();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (state.get() == State.OPEN) {
      return next.startCall(call, headers);
    }
    boolean isUnary = call.getMethodDescriptor().getType() == MethodType.UNARY;
    if (state.get() == State.UNREACHABLE || !isUnary || waiting.size() >= MAX_WAITING_CALLS) {
      return ClosedCall.with(call, notConnected());
    }
    return defer(new DeferredCall<>(call, headers, next, waiting::remove));
  }

  private <Q> ServerCall.Listener<Q> defer(DeferredCall<Q, ?> call) {
    waiting.add(call);
    call.setTimer(timers.schedule(waitLimit(Context.current().getDeadline()), () -> refuse(call)));
    // The state may have changed between the check and the addition.
    if (state.get() == State.OPEN) {
      call.start();
    } else if (state.get() == State.UNREACHABLE) {
      refuse(call);
    }
    return call;
  }

  private Duration waitLimit(@Nullable Deadline deadline) {
    if (deadline == null) {
      return longestWait;
    }
    Duration left =
        Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(RESPONSE_TIME);
    Duration atLeastZero = left.isNegative() ? Duration.ZERO : left;
    return atLeastZero.compareTo(longestWait) < 0 ? atLeastZero : longestWait;
  }

  private void refuse(DeferredCall<?, ?> call) {
    call.refuse(notConnected());
  }

  private CallStatus notConnected() {
    return statuses.of(
        new StoreException(Failure.STORE_UNREACHABLE, "not connected to the store yet"));
  }
}
