package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Ownership;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.time.Duration;
import java.util.Optional;

/** Rules under which a holder is not safe, or a lock is not to be had. */
final class BrokenOwnership {

  private static final ClaimId UNUSED_ID = new ClaimId("claim-that-nobody-uses-otherwise");

  private BrokenOwnership() {}

  private static boolean isOf(LockRecord lock, Claim claim) {
    return lock.ownership().filter(t -> t.claim().equals(claim.id())).isPresent();
  }

  private static String makerOf(LockRecord lock) {
    return lock.ownership().map(each -> each.claimant().principal()).orElse("");
  }

  private static Claim madeBy(Claim claim, String maker) {
    Claimant by = claim.claimant();
    return new Claim(
        claim.lock(),
        claim.id(),
        claim.lease(),
        new Claimant(by.owner(), maker, by.mode(), by.metadata()));
  }

  /** Anybody who knows the claim id of a grant gets the grant. */
  static final class AcquireIgnoresMaker extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Claim asMaker = isOf(lock, claim) ? madeBy(claim, makerOf(lock)) : claim;
      return lock.acquire(asker, asMaker, line);
    }
  }

  /** Another principal's claim is queued although its id stands. */
  static final class ForeignClaimIsQueued extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> step = lock.acquire(asker, claim, line);
      if (!(step.outcome() instanceof Attempt.ForeignClaim)) {
        return step;
      }
      Claim stranger =
          new Claim(claim.lock(), UNUSED_ID, claim.lease(), Claimant.named("stranger"));
      return new Transition<>(lock.acquire(asker, stranger, line).after(), step.outcome());
    }
  }

  static final class RenewalIgnoresMaker extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      return lock.renew(asker, grant.madeBy(makerOf(lock)));
    }
  }

  static final class ReleaseIgnoresMaker extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      return lock.release(asker, order.madeBy(makerOf(lock)));
    }
  }

  static final class HandOverIgnoresMaker extends ModelRules {
    @Override
    Transition<HandOver> handOver(LockRecord lock, StepContext asker, Passing passing) {
      return lock.handOver(
          asker, passing.from().madeBy(makerOf(lock)), passing.to(), passing.line());
    }
  }

  private static boolean isRunning(LockRecord lock, long nowMicros) {
    return lock.ownership().filter(t -> nowMicros < t.expiresAtMicros()).isPresent();
  }

  static final class HeldLockIsGranted extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return (isOf(lock, claim) ? lock : AlteredRecords.withFreeAt(lock, 0))
          .acquire(asker, claim, line);
    }
  }

  static final class LeaseNeverEnds extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return (lock.ownership().isPresent()
              ? AlteredRecords.endingAt(lock, Long.MAX_VALUE / 2000)
              : lock)
          .acquire(asker, claim, line);
    }
  }

  static final class RetryGetsAnotherGrant extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return (isOf(lock, claim) ? AlteredRecords.endingAt(lock, 0) : lock)
          .acquire(asker, claim, line);
    }
  }

  static final class RetryIsBusy extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return isOf(lock, claim) && isRunning(lock, asker.nowMicros())
          ? new Transition<>(lock, new Attempt.Busy(lock.stateAt(asker.nowMicros())))
          : lock.acquire(asker, claim, line);
    }
  }

  static final class RetryDoesNotRenew extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> step = lock.acquire(asker, claim, line);
      boolean retry = isOf(lock, claim) && isRunning(lock, asker.nowMicros());
      return retry ? new Transition<>(lock, step.outcome()) : step;
    }
  }

  static final class LockDelayIsIgnored extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      boolean delayed = lock.ownership().isPresent() && !isRunning(lock, asker.nowMicros());
      return (delayed ? AlteredRecords.withFreeAt(lock, 0) : lock).acquire(asker, claim, line);
    }
  }

  static final class LockDelayFollowsARelease extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      Transition<Release> step = lock.release(asker, order);
      boolean ended = step.outcome() instanceof Release.Released && step.after().turn().isEmpty();
      long delay =
          lock.ownership()
              .map(t -> t.lease().lockDelay().toNanos() / 1000)
              .filter(d -> ended)
              .orElse(0L);
      long freed = Math.max(step.after().freeAtMicros(), asker.nowMicros());
      return delay == 0
          ? step
          : new Transition<>(
              AlteredRecords.withFreeAt(step.after(), freed + delay), step.outcome());
    }
  }

  static final class RenewalRevives extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      long end = Math.max(lock.freeAtMicros(), asker.nowMicros() + 1);
      return (lock.ownership().isPresent() ? AlteredRecords.endingAt(lock, end) : lock)
          .renew(asker, grant);
    }
  }

  static final class RenewalShortens extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      Transition<Renewal> step = lock.renew(asker, grant);
      long soon = asker.nowMicros() + 2_000_000;
      return step.outcome() instanceof Renewal.Renewed
          ? new Transition<>(AlteredRecords.endingAt(step.after(), soon), step.outcome())
          : step;
    }
  }

  static final class RenewalDoesNothing extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      return new Transition<>(lock, lock.renew(asker, grant).outcome());
    }
  }

  static final class RenewalIgnoresToken extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      FencingToken any = new FencingToken(Math.max(1, lock.token()));
      return lock.renew(asker, new GrantRef(grant.lock(), grant.claim(), any, grant.principal()));
    }
  }

  static final class RenewalIgnoresOwner extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      GrantRef any =
          new GrantRef(
              grant.lock(),
              lock.ownership().map(Ownership::claim).orElse(grant.claim()),
              grant.token(),
              makerOf(lock));
      return lock.renew(asker, any);
    }
  }

  static final class RenewalAlwaysSaysRenewed extends ModelRules {
    @Override
    Transition<Renewal> renew(LockRecord lock, StepContext asker, GrantRef grant) {
      Transition<Renewal> step = lock.renew(asker, grant);
      Lease any = lock.ownership().map(Ownership::lease).orElse(Lease.of(Lease.MAX_TTL));
      return new Transition<>(
          step.after(),
          new Renewal.Renewed(new Grant(grant, any, LockMode.EXCLUSIVE, Grant.Origin.EXISTING)));
    }
  }

  static final class ReleaseIgnoresOwner extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      return lock.release(
          asker,
          new ReleaseCommand(
              order.lock(),
              lock.ownership().map(Ownership::claim).orElse(order.claim()),
              Optional.empty(),
              order.closeFor(),
              makerOf(lock)));
    }
  }

  static final class ReleaseIgnoresToken extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      Release told = lock.release(asker, order).outcome();
      ReleaseCommand anyToken =
          new ReleaseCommand(
              order.lock(), order.claim(), Optional.empty(), order.closeFor(), order.principal());
      return new Transition<>(lock.release(asker, anyToken).after(), told);
    }
  }

  static final class ReleaseAlwaysSaysReleased extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      return new Transition<>(lock.release(asker, order).after(), new Release.Released());
    }
  }

  static final class CloseForIsIgnored extends ModelRules {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      return lock.release(
          asker,
          new ReleaseCommand(
              order.lock(), order.claim(), order.token(), Duration.ZERO, order.principal()));
    }
  }

  static final class RevokedHolderGoesOn extends ModelRules {
    @Override
    Transition<Revocation> forceRelease(
        LockRecord lock, StepContext asker, ForceReleaseCommand order) {
      return new Transition<>(lock, lock.forceRelease(asker, order).outcome());
    }
  }

  static final class RevokedLockIsFreeAtOnce extends ModelRules {
    @Override
    Transition<Revocation> forceRelease(
        LockRecord lock, StepContext asker, ForceReleaseCommand order) {
      Transition<Revocation> step = lock.forceRelease(asker, order);
      return step.outcome() instanceof Revocation.Revoked
          ? new Transition<>(
              AlteredRecords.withFreeAt(step.after(), asker.nowMicros()), step.outcome())
          : step;
    }
  }

  static final class ForcedReleaseIgnoresExpectation extends ModelRules {
    @Override
    Transition<Revocation> forceRelease(
        LockRecord lock, StepContext asker, ForceReleaseCommand order) {
      return lock.forceRelease(
          asker,
          new ForceReleaseCommand(
              order.lock(), order.reason(), Optional.empty(), order.closeFor()));
    }
  }

  static final class TakenByForceLooksGivenBack extends ModelRules {
    @Override
    Transition<Revocation> forceRelease(
        LockRecord lock, StepContext asker, ForceReleaseCommand order) {
      Transition<Revocation> step = lock.forceRelease(asker, order);
      return order.closeFor().filter(Duration::isZero).isPresent()
          ? new Transition<>(AlteredRecords.withRevoked(step.after(), ""), step.outcome())
          : step;
    }
  }
}
