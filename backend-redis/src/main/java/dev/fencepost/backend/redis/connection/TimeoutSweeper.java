package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Fails calls that are older than the call timeout. Holds one entry for each call that is queued or
 * in flight. Safe for use by many threads.
 */
public final class TimeoutSweeper {
  private final long timeoutNanos;
  private final LongSupplier nanoClock;
  private final Set<PendingCall> pending = ConcurrentHashMap.newKeySet();

  public TimeoutSweeper(Duration timeout) {
    this(timeout, System::nanoTime);
  }

  /** Creates a sweeper with a clock that never goes back. */
  public TimeoutSweeper(Duration timeout, LongSupplier nanoClock) {
    this.timeoutNanos = timeout.toNanos();
    this.nanoClock = nanoClock;
  }

  /** Registers a future, from now until it completes. */
  @SuppressWarnings("FutureReturnValueIgnored") // It only removes the entry.
  public void register(CompletableFuture<?> answer) {
    PendingCall one = new PendingCall(answer, nanoClock.getAsLong());
    pending.add(one);
    answer.whenComplete((value, error) -> pending.remove(one));
  }

  /** Fails the calls that are too old. Must be called periodically. */
  public void sweep() {
    long nowNanos = nanoClock.getAsLong();
    for (PendingCall one : pending) {
      if (nowNanos - one.sinceNanos >= timeoutNanos) {
        one.answer.completeExceptionally(
            new StoreException(
                Failure.STORE_TIMEOUT, "no answer from Redis within the call timeout"));
      }
    }
  }

  private static final class PendingCall {
    private final CompletableFuture<?> answer;
    private final long sinceNanos;

    PendingCall(CompletableFuture<?> answer, long sinceNanos) {
      this.answer = answer;
      this.sinceNanos = sinceNanos;
    }
  }
}
