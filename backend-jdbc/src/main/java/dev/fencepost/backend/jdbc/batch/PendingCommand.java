package dev.fencepost.backend.jdbc.batch;

import dev.fencepost.backend.jdbc.batch.JdbcCommand.OnLock;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.LockCommand;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A command that has no answer yet, with the stage its caller waits for. The thread that executes
 * the command records its outcome and completes the stage once the outcome is durable. Another
 * thread may fail the stage before that.
 */
public final class PendingCommand<T> {
  private final JdbcCommand<T> command;
  private final long submittedNanos;
  private final CompletableFuture<T> answer = new CompletableFuture<>();
  private @Nullable T outcome;

  /** A command submitted at this moment of {@link System#nanoTime()}. */
  public PendingCommand(JdbcCommand<T> command, long submittedNanos) {
    this.command = command;
    this.submittedNanos = submittedNanos;
  }

  public JdbcCommand<T> command() {
    return command;
  }

  /** The step of one lock that this command is. */
  public LockCommand<T> step() {
    return ((OnLock<T>) command).step();
  }

  /** True if the command may put a claim on record; others only change an existing record. */
  public boolean isAttempt() {
    return command instanceof OnLock<T> onLock
        && (onLock.step() instanceof LockCommand.AcquireClaim
            || onLock.step() instanceof LockCommand.HandOverGrant);
  }

  public CompletableFuture<T> answer() {
    return answer;
  }

  boolean isDone() {
    return answer.isDone();
  }

  boolean isOlderThan(long nanos, long nowNanos) {
    return nowNanos - submittedNanos >= nanos;
  }

  /** Records the outcome; a retry may record another one. */
  public void recordOutcome(T result) {
    outcome = result;
  }

  /** The same for a command whose type is not known here. */
  @SuppressWarnings("unchecked") // Each kind of command has its own type of outcome.
  public void recordUntypedOutcome(Object result) {
    recordOutcome((T) result);
  }

  /** Completes the stage with the outcome that was recorded. */
  public void complete() {
    T result = outcome;
    if (result == null) {
      fail(new StoreException(Failure.STORE_ERROR, "the store left a call unanswered"));
    } else {
      answer.complete(result);
    }
  }

  public void fail(RuntimeException failure) {
    answer.completeExceptionally(failure);
  }
}
