package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Runs one command on a store that writes conditionally: the rules turn the observed state of the
 * lock into a transition, and the store writes the difference if the lock is still in that state.
 * Otherwise the command starts again from the present state. Its deadline is the only bound,
 * because each refused write means that somebody else made progress. A guess saves the first read;
 * what follows from a guess counts only if a write confirmed it.
 *
 * <p>For one command. Its steps run one after another, on any thread.
 *
 * @param <S> an observed state of the lock
 * @param <T> the answer to the command
 */
public final class RecordSteps<S, T> {
  private final LockCommand<T> command;
  private final LockTable<S, T> table;
  private final CallFailures failures;
  private final CallDeadline deadline;
  private int tries;

  /**
   * The store's side of a command.
   *
   * @param <S> an observed state of the lock
   * @param <T> the answer to the command
   */
  public interface LockTable<S, T> {

    /** Reads the lock linearizably. */
    CompletionStage<S> read(LockName lock, CallDeadline deadline);

    /** True if the state was not read by this command. */
    boolean isGuess(S observed);

    /** Returns the context of a step now. */
    StepContext context();

    /** Returns the state as a record for the rules. */
    LockRecord recordOf(S observed, StepContext context);

    /** True if the change makes a difference at the store. */
    boolean needsWrite(S observed, RecordChange<T> change);

    /** Writes the change if the lock is still as observed. */
    CompletionStage<StepResult<S>> write(S observed, RecordChange<T> change, CallDeadline deadline);

    /**
     * Returns the answer. Empty if the command must start again from a read.
     *
     * @param result of the write; {@link StepResult#unchanged} if none was needed
     */
    CompletionStage<Optional<T>> answer(
        S observed, RecordChange<T> change, StepResult<S> result, CallDeadline deadline);

    /** Called after this many refused writes, to repair what may cause them. */
    default CompletionStage<?> onConflicts(int count) {
      return CompletableFuture.completedFuture(count);
    }
  }

  /**
   * A step: the record before, and the transition.
   *
   * @param nowMicros the moment that the transition was given
   */
  public record RecordChange<T>(LockRecord before, Transition<T> transition, long nowMicros) {

    /** Returns the record to write. */
    public LockRecord after() {
      return transition.after();
    }
  }

  /**
   * The outcome of a write.
   *
   * @param isDone false if the lock had changed
   * @param token the token that the written record got; 0 if none
   * @param present the state that prevented the write, if the store showed it
   */
  public record StepResult<S>(boolean isDone, long token, Optional<S> present) {

    /** The change was written, or made no difference. */
    public static <S> StepResult<S> done(long token) {
      return new StepResult<>(true, token, Optional.empty());
    }

    /** Nothing had to be written. */
    public static <S> StepResult<S> unchanged() {
      return done(0);
    }

    /** The lock had changed. */
    public static <S> StepResult<S> refused(Optional<S> present) {
      return new StepResult<>(false, 0, present);
    }
  }

  private RecordSteps(
      LockCommand<T> command, LockTable<S, T> table, CallFailures failures, CallDeadline deadline) {
    this.command = command;
    this.table = table;
    this.failures = failures;
    this.deadline = deadline;
  }

  /**
   * Runs a command.
   *
   * @param guess the state to start from; empty to read first
   */
  public static <S, T> CompletionStage<T> run(
      LockCommand<T> command,
      LockTable<S, T> table,
      Optional<S> guess,
      CallFailures failures,
      CallDeadline deadline) {
    RecordSteps<S, T> steps = new RecordSteps<>(command, table, failures, deadline);
    return AsyncCalls.start(() -> guess.map(steps::tryFrom).orElseGet(steps::readAndTry));
  }

  private CompletionStage<T> readAndTry() {
    return table.read(command.lock(), deadline).thenCompose(this::tryFrom);
  }

  private CompletionStage<T> tryFrom(S observed) {
    StepContext context = table.context();
    LockRecord before = table.recordOf(observed, context);
    RecordChange<T> change =
        new RecordChange<>(before, command.applyTo(before, context), context.nowMicros());
    if (table.needsWrite(observed, change)) {
      return table
          .write(observed, change, deadline)
          .thenCompose(
              result ->
                  result.isDone() ? answer(observed, change, result) : tryAgain(result.present()));
    }
    return table.isGuess(observed)
        ? readAndTry()
        : answer(observed, change, StepResult.unchanged());
  }

  private CompletionStage<T> answer(S observed, RecordChange<T> change, StepResult<S> result) {
    return table
        .answer(observed, change, result, deadline)
        .thenCompose(
            answer ->
                answer
                    .<CompletionStage<T>>map(CompletableFuture::completedFuture)
                    .orElseGet(() -> tryAgain(Optional.empty())));
  }

  private CompletionStage<T> tryAgain(Optional<S> present) {
    if (deadline.isOver()) {
      return CompletableFuture.failedFuture(failures.alwaysChanged());
    }
    return table
        .onConflicts(++tries)
        .thenCompose(done -> present.map(this::tryFrom).orElseGet(this::readAndTry));
  }
}
