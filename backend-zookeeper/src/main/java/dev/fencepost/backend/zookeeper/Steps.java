package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.Plans.Records;
import dev.fencepost.backend.zookeeper.Snapshot.Remaining;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.record.Asker;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Step;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Changes a lock by the reference rules: reads it, takes the step, writes what differs in a
 * transaction that is refused if the lock changed meanwhile, and then begins again. Two round
 * trips; what can be done in one without looking does not come here. Safe for use by many threads.
 */
final class Steps {
  private static final int MOST_CONFLICTS = 1_000;
  private static final int CONFLICTS_BEFORE_REPAIR = 8;

  private final ReplicaId self;
  private final Reads reads;
  private final Sender sender;
  private final Plans plans;
  private final ServerClock clock;
  private final Supplier<CompletableFuture<Boolean>> repair;

  Steps(
      ReplicaId self,
      Reads reads,
      Sender sender,
      Plans plans,
      ServerClock clock,
      Supplier<CompletableFuture<Boolean>> repair) {
    this.self = self;
    this.reads = reads;
    this.sender = sender;
    this.plans = plans;
    this.clock = clock;
    this.repair = repair;
  }

  /**
   * A step of the rules with what only ZooKeeper knows put into its answer.
   *
   * @param <T> the kind of answer
   */
  interface Rule<T> {
    /** The step. */
    Step<T> step(LockRecord record, Asker asker);

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
    return change(lock, remaining, rule, 0);
  }

  private <T> CompletableFuture<T> change(
      LockName lock, Remaining remaining, Rule<T> rule, int conflicts) {
    if (conflicts > MOST_CONFLICTS) {
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_ERROR, "the lock changed each time it was looked at"));
    }
    if (conflicts == CONFLICTS_BEFORE_REPAIR) {
      // What should be there may be missing: the tree was wiped behind our back.
      return repair.get().thenCompose(repaired -> change(lock, remaining, rule, conflicts + 1));
    }
    return reads
        .snapshot(lock)
        .thenCompose(
            before -> {
              long now = clock.nowMicros();
              LockRecord was = before.record(now, remaining);
              Step<T> step = rule.step(was, new Asker(self, 0, now));
              Records records = new Records(was, step.after(), now);
              boolean isRenewal = rule.isRenewal(step.outcome());
              if (!isRenewal && was.equals(step.after())) {
                return CompletableFuture.completedFuture(
                    Optional.of(rule.told(step.outcome(), before, was.token())));
              }
              return sender
                  .sendAlone(lock, base -> plans.between(before, records, isRenewal, base))
                  .thenApply(
                      sent ->
                          sent.map(
                              written ->
                                  rule.told(
                                      step.outcome(),
                                      before,
                                      written.token() == 0 ? was.token() : written.token())));
            })
        .thenCompose(
            told ->
                told.isPresent()
                    ? CompletableFuture.completedFuture(told.orElseThrow())
                    : change(lock, remaining, rule, conflicts + 1));
  }
}
