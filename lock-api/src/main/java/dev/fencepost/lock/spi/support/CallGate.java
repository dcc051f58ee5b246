package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.spi.support.BatchReply.Answered;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Bounds the calls in flight; others wait in a bounded queue. A {@link CallLane} of single calls of
 * any kind. Safe for use by many threads.
 */
public final class CallGate {
  private final CallLane<Supplier<? extends CompletionStage<?>>, Object> lane;

  /**
   * Makes a gate.
   *
   * @param inFlight most calls in flight
   * @param capacity most calls in the queue
   */
  public CallGate(CallFailures failures, CallDeadlines deadlines, int inFlight, int capacity) {
    this(failures, deadlines, () -> inFlight, capacity);
  }

  /** Makes a gate with a limit that varies; {@link #admit} is called when it may be higher. */
  public CallGate(
      CallFailures failures, CallDeadlines deadlines, IntSupplier inFlight, int capacity) {
    CallLane.Limits limits = new CallLane.Limits(1, Integer.MAX_VALUE, 0, capacity);
    lane =
        new CallLane<>(
            failures,
            deadlines,
            limits,
            inFlight,
            call -> call,
            (calls, deadline) -> calls.get(0).get().thenApply(CallGate::replyOf));
  }

  /** Runs the call now or later, or refuses it if the queue is full. */
  @SuppressWarnings("unchecked") // The answer is that of the same call.
  public <T> CompletableFuture<T> submit(
      Supplier<? extends CompletionStage<T>> call, CallDeadline deadline) {
    return (CompletableFuture<T>) lane.submit(call, deadline);
  }

  /** Begins queued calls up to the present limit. */
  public void admit() {
    lane.admit();
  }

  /** Fails the queued calls and refuses all later ones. */
  public void close() {
    lane.close();
  }

  private static List<BatchReply<Object>> replyOf(Object answer) {
    return List.of(new Answered<>(answer));
  }
}
