package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.Plans.Records;
import dev.fencepost.backend.zookeeper.Snapshot.Remaining;
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
 * Changes a lock by the reference rules: reads it, takes the step, writes what differs in a
 * transaction that is refused if the lock changed meanwhile, and then begins again. Two round
 * trips; what can be done in one without looking does not come here. Safe for use by many threads.
 */
final class Steps {
  private static final int CONFLICTS_BEFORE_REPAIR = 8;

  private final Parts parts;
  private final Duration callTimeout;
  private final Supplier<CompletableFuture<Boolean>> repair;

  /** What a step needs. */
  record Parts(
      ReplicaId self,
      Reads reads,
      Sender sender,
      Plans plans,
      Places places,
      KnownLocks lined,
      ServerClock clock) {}

  /**
   * Makes the way of steps.
   *
   * @param callTimeout after which no step is tried again: nobody waits for its answer
   * @param repair makes what everything stands on, if the tree was wiped
   */
  Steps(Parts parts, Duration callTimeout, Supplier<CompletableFuture<Boolean>> repair) {
    this.parts = parts;
    this.callTimeout = callTimeout;
    this.repair = repair;
  }

  /**
   * A step of the rules with what only ZooKeeper knows put into its answer.
   *
   * @param <T> the kind of answer
   */
  interface Rule<T> {
    /** The step. */
    Transition<T> step(LockRecord record, StepContext asker);

    /** Whether the answer extends a grant that stood before. */
    boolean isRenewal(T outcome);

    /**
     * The answer to give.
     *
     * @param token the lock's highest token after the step
     */
    T told(T outcome, Snapshot before, long token);
  }

  /** Changes the lock. */
  <T> CompletableFuture<T> change(LockName lock, Remaining remaining, Rule<T> rule) {
    return new Change<>(lock, remaining, rule).attempt(0);
  }

  /** One change on its way. */
  private final class Change<T> {
    private final LockName lock;
    private final Remaining remaining;
    private final Rule<T> rule;
    private final long deadlineNanos = System.nanoTime() + callTimeout.toNanos();

    Change(LockName lock, Remaining remaining, Rule<T> rule) {
      this.lock = lock;
      this.remaining = remaining;
      this.rule = rule;
    }

    CompletableFuture<T> attempt(int conflicts) {
      if (conflicts > 0 && System.nanoTime() - deadlineNanos > 0) {
        return CompletableFuture.failedFuture(
            new StoreException(
                Failure.STORE_TIMEOUT, "the lock changed each time it was looked at"));
      }
      if (conflicts == CONFLICTS_BEFORE_REPAIR) {
        // What should be there may be missing: the tree was wiped behind our back.
        return repair.get().thenCompose(repaired -> attempt(conflicts + 1));
      }
      return parts
          .reads()
          .snapshot(lock)
          .thenCompose(this::step)
          .thenCompose(
              told ->
                  told.isPresent()
                      ? CompletableFuture.completedFuture(told.orElseThrow())
                      : attempt(conflicts + 1));
    }

    /** Takes the step; empty if the lock changed meanwhile. */
    private CompletableFuture<Optional<T>> step(Snapshot before) {
      note(before);
      long now = parts.clock().nowMicros();
      LockRecord was = before.record(now, remaining);
      Transition<T> step = rule.step(was, new StepContext(parts.self(), 0, now));
      Records records = new Records(was, step.after(), now);
      boolean isRenewal = rule.isRenewal(step.outcome());
      if (!isRenewal && was.equals(step.after())) {
        return CompletableFuture.completedFuture(
            Optional.of(rule.told(step.outcome(), before, was.token())));
      }
      return parts
          .sender()
          .sendAlone(lock, base -> parts.plans().between(before, records, isRenewal, base))
          .thenApply(
              sent ->
                  sent.map(
                      written -> {
                        long token = written.token() == 0 ? was.token() : written.token();
                        return rule.told(step.outcome(), before, token);
                      }));
    }

    private void note(Snapshot before) {
      parts.places().adopt(before);
      if (before.line().isEmpty()) {
        parts.lined().remove(lock);
      } else {
        parts.lined().add(lock);
      }
    }
  }
}
