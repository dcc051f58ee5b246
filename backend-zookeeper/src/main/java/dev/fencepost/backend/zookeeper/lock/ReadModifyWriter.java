package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.lock.LockSnapshot.RemainingLease;
import dev.fencepost.backend.zookeeper.lock.LockTxnPlanner.RecordChange;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Changes a lock by the reference rules: reads it, applies the rule and writes the difference. The
 * transaction is refused if the lock changed meanwhile, and then the command starts again. This
 * takes two round trips. Commands that succeed in one are handled by {@link CachedStateWriter}.
 * Safe for use by many threads.
 */
public final class ReadModifyWriter {
  private static final int CONFLICTS_BEFORE_REPAIR = 8;

  private final WriteContext context;
  private final Duration callTimeout;
  private final Supplier<CompletableFuture<Boolean>> repair;

  /** The components that a command needs. */
  public record WriteContext(
      ReplicaId self,
      LockReader reader,
      LockTxnBatcher batcher,
      LockTxnPlanner txns,
      OwnQueueNodes queueNodes,
      LockNameCache contendedLocks,
      EnsembleClock clock) {}

  /**
   * Creates the writer.
   *
   * @param callTimeout time after which a command is not tried again, because its caller has given
   *     up
   * @param repair creates the base nodes if the tree was wiped
   */
  public ReadModifyWriter(
      WriteContext context, Duration callTimeout, Supplier<CompletableFuture<Boolean>> repair) {
    this.context = context;
    this.callTimeout = callTimeout;
    this.repair = repair;
  }

  /**
   * A command by the rules, with ZooKeeper's own values in its answer.
   *
   * @param <T> the kind of answer
   */
  interface Command<T> {
    /** Applies the rule. */
    Transition<T> apply(LockRecord record, StepContext context);

    /** True if the outcome renews an existing grant. */
    boolean isRenewal(T outcome);

    /**
     * Returns the answer.
     *
     * @param token the lock's highest token afterwards
     */
    T answer(T outcome, LockSnapshot snapshot, long token);
  }

  /** Runs a command on the lock. */
  public <T> CompletableFuture<T> change(
      LockName lock, RemainingLease remaining, Command<T> command) {
    return new RunningCommand<>(lock, remaining, command).attempt(0);
  }

  /** One running command. */
  private final class RunningCommand<T> {
    private final LockName lock;
    private final RemainingLease remaining;
    private final Command<T> command;
    private final long deadlineNanos = System.nanoTime() + callTimeout.toNanos();

    RunningCommand(LockName lock, RemainingLease remaining, Command<T> command) {
      this.lock = lock;
      this.remaining = remaining;
      this.command = command;
    }

    CompletableFuture<T> attempt(int conflicts) {
      if (conflicts > 0 && System.nanoTime() - deadlineNanos > 0) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_TIMEOUT, "the lock changed at each try"));
      }
      if (conflicts == CONFLICTS_BEFORE_REPAIR) {
        // Perhaps base nodes are missing because the tree was wiped.
        return repair.get().thenCompose(repaired -> attempt(conflicts + 1));
      }
      return context
          .reader()
          .snapshot(lock)
          .thenCompose(this::step)
          .thenCompose(
              answer ->
                  answer.isPresent()
                      ? CompletableFuture.completedFuture(answer.orElseThrow())
                      : attempt(conflicts + 1));
    }

    /** Runs one try; empty if the lock changed meanwhile. */
    private CompletableFuture<Optional<T>> step(LockSnapshot snapshot) {
      recordQueue(snapshot);
      long now = context.clock().nowMicros();
      LockRecord before = snapshot.record(now, remaining);
      Transition<T> transition = command.apply(before, new StepContext(context.self(), 0, now));
      RecordChange change = new RecordChange(before, transition.after(), now);
      boolean isRenewal = command.isRenewal(transition.outcome());
      if (!isRenewal && before.equals(transition.after())) {
        return CompletableFuture.completedFuture(
            Optional.of(command.answer(transition.outcome(), snapshot, before.token())));
      }
      return context
          .batcher()
          .sendAlone(lock, base -> context.txns().change(snapshot, change, isRenewal, base))
          .thenApply(
              sent ->
                  sent.map(
                      written -> {
                        long token = written.token() == 0 ? before.token() : written.token();
                        return command.answer(transition.outcome(), snapshot, token);
                      }));
    }

    private void recordQueue(LockSnapshot snapshot) {
      context.queueNodes().adopt(snapshot);
      if (snapshot.queue().isEmpty()) {
        context.contendedLocks().remove(lock);
      } else {
        context.contendedLocks().add(lock);
      }
    }
  }
}
