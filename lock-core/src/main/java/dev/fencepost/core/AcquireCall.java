package dev.fencepost.core;

import dev.fencepost.core.TimerService.Timer;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * An acquire call that has not been answered. Its mutable state is guarded by its queue's monitor.
 */
final class AcquireCall implements PendingAcquire {
  AcquireCommand order;
  final long arrivedNanos;
  private final CompletableFuture<AcquireAnswer> answer = new CompletableFuture<>();

  /** The client mark from which the lease of the next grant is counted. */
  long mark = AcquireCommand.NO_MARK;

  /**
   * True if a command for its claim was sent after this call arrived. A grant by an earlier command
   * does not answer this call: its lease began before the caller can know.
   */
  boolean sentToStore;

  /** True while it is counted as a waiter. */
  boolean counted;

  private @Nullable Timer timer;
  private volatile @Nullable Runnable onLeave;

  AcquireCall(AcquireCommand order, long arrivedNanos) {
    this.order = order;
    this.arrivedNanos = arrivedNanos;
  }

  @Override
  public LockName lock() {
    // Without the monitor: an order is replaced by one for the same lock only.
    return order.claim().lock();
  }

  @Override
  public CompletionStage<AcquireAnswer> answer() {
    return answer;
  }

  @Override
  public void leave() {
    Runnable action = onLeave;
    if (action != null) {
      action.run();
    }
  }

  void onLeave(Runnable action) {
    onLeave = action;
  }

  /** The end of its wait, on the clock of {@link TimerService#nanoTime()}. */
  long deadlineNanos() {
    return arrivedNanos + order.maxWait().toNanos();
  }

  Duration waitedAt(long nanos) {
    return order.waited().plusNanos(Math.max(0, nanos - arrivedNanos));
  }

  boolean triesOnce() {
    return order.maxWait().isZero();
  }

  boolean hasTimer() {
    return timer != null;
  }

  void timer(Timer set) {
    timer = set;
  }

  void stopTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  void complete(AcquireAnswer value) {
    answer.complete(value);
  }

  void fail(Throwable why) {
    answer.completeExceptionally(why);
  }
}
