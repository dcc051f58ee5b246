package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.Asker;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Step;
import java.util.Optional;

/**
 * The rules that a {@link ModelStore} follows: those of {@link LockRecord}, each open to be broken
 * on purpose where the contract itself is tested.
 */
class Rules {

  LockName key(LockName name) {
    return name;
  }

  Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
    return lock.acquire(asker, claim, line);
  }

  Step<HandOver> handOver(LockRecord lock, Asker asker, Passing passing) {
    return lock.handOver(asker, passing.from(), passing.to(), passing.line());
  }

  Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
    return lock.renew(asker, grant);
  }

  Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
    return lock.release(asker, order);
  }

  Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
    return lock.forceRelease(asker, order);
  }

  Step<Boolean> leave(LockRecord lock, Asker asker) {
    return lock.leave(asker);
  }

  Optional<ReplicaId> wake(Step<?> step, LockRecord before, ReplicaId self) {
    return step.wake(before, self);
  }

  /** The mark after a token that is not too far ahead was shown to it. */
  long markAfter(long mark, long token) {
    return Math.max(mark, token);
  }

  /** What a hand-over asks. */
  record Passing(GrantRef from, Claim to, Line line) {}
}
