package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.Optional;

/**
 * The rules of a {@link ModelStore}: those of {@link LockRecord}. Tests of the contract override
 * single rules to break them.
 */
class ModelRules {

  LockName key(LockName name) {
    return name;
  }

  Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
    return lock.acquire(asker, claim, line);
  }

  Transition<HandOver> handOver(LockRecord lock, StepContext asker, Passing passing) {
    return lock.handOver(asker, passing.from(), passing.to(), passing.line());
  }

  Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
    return lock.renew(asker, grant);
  }

  Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
    return lock.release(asker, order);
  }

  Transition<Revocation> forceRelease(
      LockRecord lock, StepContext asker, ForceReleaseCommand order) {
    return lock.forceRelease(asker, order);
  }

  Transition<Boolean> leave(LockRecord lock, StepContext asker) {
    return lock.leave(asker);
  }

  Optional<ReplicaId> wake(Transition<?> step, LockRecord before, ReplicaId self) {
    return step.wake(before, self);
  }

  /** Returns the mark after a token that is not too far ahead. */
  long markAfter(long mark, long token) {
    return Math.max(mark, token);
  }

  /** The arguments of a hand-over. */
  record Passing(GrantRef from, Claim to, QueueIntent line) {}
}
