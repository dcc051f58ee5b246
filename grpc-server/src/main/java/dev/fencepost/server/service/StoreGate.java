package dev.fencepost.server.service;

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
 * Lets calls pass once the store was opened. Thread-safe.
 *
 * <p>While the store is opened for the first time, unary calls are held: until it is open, for
 * their own deadline or the longest hold at most. At most {@value #MOST_HELD} are held, and of each
 * only its headers, since nothing else of it is read yet. Streams are refused, because their
 * clients have other replicas and no deadline. Once an attempt to open the store has failed, every
 * call is refused at once.
 */
public final class StoreGate implements ServerInterceptor {
  static final int MOST_HELD = 10_000;

  /** An answer that leaves this long before the deadline still arrives. */
  private static final Duration ANSWER_TIME = Duration.ofMillis(250);

  private enum State {
    OPENING,
    AWAY,
    OPEN
  }

  private final Refusals refusals;
  private final TimerService timers;
  private final Duration longestHold;
  private final Set<HeldCall<?, ?>> held = ConcurrentHashMap.newKeySet();
  private final AtomicReference<State> state = new AtomicReference<>(State.OPENING);

  /**
   * Makes a gate whose store is being opened.
   *
   * @param longestHold longest time that a call is held, whatever its deadline
   */
  public StoreGate(Refusals refusals, TimerService timers, Duration longestHold) {
    this.refusals = refusals;
    this.timers = timers;
    this.longestHold = longestHold;
  }

  /** Lets the calls that are held and every later call pass. */
  public void open() {
    state.set(State.OPEN);
    held.forEach(HeldCall::pass);
  }

  /** Refuses the calls that are held and later ones until {@link #open}. No effect after it. */
  public void failed() {
    if (state.compareAndSet(State.OPENING, State.AWAY)) {
      held.forEach(this::refuse);
    }
  }

  /** Calls that are held now. */
  int heldCalls() {
    return held.size();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (state.get() == State.OPEN) {
      return next.startCall(call, headers);
    }
    boolean isUnary = call.getMethodDescriptor().getType() == MethodType.UNARY;
    if (state.get() == State.AWAY || !isUnary || held.size() >= MOST_HELD) {
      return Closed.with(call, refusal());
    }
    return hold(new HeldCall<>(call, headers, next, held::remove));
  }

  private <Q> ServerCall.Listener<Q> hold(HeldCall<Q, ?> call) {
    held.add(call);
    call.onTimer(timers.schedule(longest(Context.current().getDeadline()), () -> refuse(call)));
    // The store may have been opened, or have failed, between the look and the addition.
    if (state.get() == State.OPEN) {
      call.pass();
    } else if (state.get() == State.AWAY) {
      refuse(call);
    }
    return call;
  }

  private Duration longest(@Nullable Deadline deadline) {
    if (deadline == null) {
      return longestHold;
    }
    Duration left =
        Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).minus(ANSWER_TIME);
    Duration least = left.isNegative() ? Duration.ZERO : left;
    return least.compareTo(longestHold) < 0 ? least : longestHold;
  }

  private void refuse(HeldCall<?, ?> call) {
    call.refuse(refusal());
  }

  private Refusal refusal() {
    return refusals.of(
        new StoreException(Failure.STORE_UNREACHABLE, "not connected to the store yet"));
  }
}
