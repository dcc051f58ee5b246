package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells those who wait for an answer when the call timeout is over. As large as the calls that wait
 * or are under way. Safe for use by many threads.
 */
public final class TimeoutSweeper {
  private final long timeoutNanos;
  private final Set<PendingCall> pending = ConcurrentHashMap.newKeySet();

  public TimeoutSweeper(Duration timeout) {
    this.timeoutNanos = timeout.toNanos();
  }

  /** Watches over a future, from now until it is complete. */
  @SuppressWarnings("FutureReturnValueIgnored") // It only forgets what it watched.
  public void register(CompletableFuture<?> answer) {
    PendingCall one = new PendingCall(answer, System.nanoTime());
    pending.add(one);
    answer.whenComplete((value, error) -> pending.remove(one));
  }

  /** Fails what is too old; to be called again and again. */
  public void sweep() {
    long nowNanos = System.nanoTime();
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
