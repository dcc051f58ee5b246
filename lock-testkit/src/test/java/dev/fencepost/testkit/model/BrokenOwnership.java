package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.Asker;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Step;
import dev.fencepost.lock.spi.record.Tenure;
import java.time.Duration;
import java.util.Optional;

/** Rules under which a holder is not safe, or a lock is not to be had. */
final class BrokenOwnership {

  private BrokenOwnership() {}

  private static boolean isOf(LockRecord lock, Claim claim) {
    return lock.tenure().filter(t -> t.claim().equals(claim.id())).isPresent();
  }

  private static boolean isRunning(LockRecord lock, long nowMicros) {
    return lock.tenure().filter(t -> nowMicros < t.expiresAtMicros()).isPresent();
  }

  static final class HeldLockIsGranted extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return (isOf(lock, claim) ? lock : Records.withFreeAt(lock, 0)).acquire(asker, claim, line);
    }
  }

  static final class LeaseNeverEnds extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return (lock.tenure().isPresent() ? Records.endingAt(lock, Long.MAX_VALUE / 2000) : lock)
          .acquire(asker, claim, line);
    }
  }

  static final class RetryGetsAnotherGrant extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return (isOf(lock, claim) ? Records.endingAt(lock, 0) : lock).acquire(asker, claim, line);
    }
  }

  static final class RetryIsBusy extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return isOf(lock, claim) && isRunning(lock, asker.nowMicros())
          ? new Step<>(lock, new Attempt.Busy(lock.stateAt(asker.nowMicros())))
          : lock.acquire(asker, claim, line);
    }
  }

  static final class RetryDoesNotRenew extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      Step<Attempt> step = lock.acquire(asker, claim, line);
      boolean retry = isOf(lock, claim) && isRunning(lock, asker.nowMicros());
      return retry ? new Step<>(lock, step.outcome()) : step;
    }
  }

  static final class LockDelayIsIgnored extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      boolean delayed = lock.tenure().isPresent() && !isRunning(lock, asker.nowMicros());
      return (delayed ? Records.withFreeAt(lock, 0) : lock).acquire(asker, claim, line);
    }
  }

  static final class LockDelayFollowsARelease extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      Step<Release> step = lock.release(asker, order);
      boolean ended = step.outcome() instanceof Release.Released && step.after().turn().isEmpty();
      long delay =
          lock.tenure()
              .map(t -> t.lease().lockDelay().toNanos() / 1000)
              .filter(d -> ended)
              .orElse(0L);
      long freed = Math.max(step.after().freeAtMicros(), asker.nowMicros());
      return delay == 0
          ? step
          : new Step<>(Records.withFreeAt(step.after(), freed + delay), step.outcome());
    }
  }

  static final class RenewalRevives extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      long end = Math.max(lock.freeAtMicros(), asker.nowMicros() + 1);
      return (lock.tenure().isPresent() ? Records.endingAt(lock, end) : lock).renew(asker, grant);
    }
  }

  static final class RenewalShortens extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      Step<Renewal> step = lock.renew(asker, grant);
      long soon = asker.nowMicros() + 2_000_000;
      return step.outcome() instanceof Renewal.Renewed
          ? new Step<>(Records.endingAt(step.after(), soon), step.outcome())
          : step;
    }
  }

  static final class RenewalDoesNothing extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      return new Step<>(lock, lock.renew(asker, grant).outcome());
    }
  }

  static final class RenewalIgnoresToken extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      FencingToken any = new FencingToken(Math.max(1, lock.token()));
      return lock.renew(asker, new GrantRef(grant.lock(), grant.claim(), any));
    }
  }

  static final class RenewalIgnoresOwner extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      GrantRef any =
          new GrantRef(
              grant.lock(), lock.tenure().map(Tenure::claim).orElse(grant.claim()), grant.token());
      return lock.renew(asker, any);
    }
  }

  static final class RenewalAlwaysSaysRenewed extends Rules {
    @Override
    Step<Renewal> renew(LockRecord lock, Asker asker, GrantRef grant) {
      Step<Renewal> step = lock.renew(asker, grant);
      Lease any = lock.tenure().map(Tenure::lease).orElse(Lease.of(Lease.MAX_TTL));
      return new Step<>(
          step.after(),
          new Renewal.Renewed(new Grant(grant, any, LockMode.EXCLUSIVE, Grant.Origin.STANDING)));
    }
  }

  static final class ReleaseIgnoresOwner extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      return lock.release(
          asker,
          new ReleaseOrder(
              order.lock(),
              lock.tenure().map(Tenure::claim).orElse(order.claim()),
              Optional.empty(),
              order.closeFor()));
    }
  }

  static final class ReleaseIgnoresToken extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      Release told = lock.release(asker, order).outcome();
      ReleaseOrder anyToken =
          new ReleaseOrder(order.lock(), order.claim(), Optional.empty(), order.closeFor());
      return new Step<>(lock.release(asker, anyToken).after(), told);
    }
  }

  static final class ReleaseAlwaysSaysReleased extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      return new Step<>(lock.release(asker, order).after(), new Release.Released());
    }
  }

  static final class CloseForIsIgnored extends Rules {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      return lock.release(
          asker, new ReleaseOrder(order.lock(), order.claim(), order.token(), Duration.ZERO));
    }
  }

  static final class RevokedHolderGoesOn extends Rules {
    @Override
    Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
      return new Step<>(lock, lock.forceRelease(asker, order).outcome());
    }
  }

  static final class RevokedLockIsFreeAtOnce extends Rules {
    @Override
    Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
      Step<Revocation> step = lock.forceRelease(asker, order);
      return step.outcome() instanceof Revocation.Revoked
          ? new Step<>(Records.withFreeAt(step.after(), asker.nowMicros()), step.outcome())
          : step;
    }
  }

  static final class ForcedReleaseIgnoresExpectation extends Rules {
    @Override
    Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
      return lock.forceRelease(
          asker,
          new ForcedRelease(order.lock(), order.reason(), Optional.empty(), order.closeFor()));
    }
  }

  static final class TakenByForceLooksGivenBack extends Rules {
    @Override
    Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
      Step<Revocation> step = lock.forceRelease(asker, order);
      return order.closeFor().filter(Duration::isZero).isPresent()
          ? new Step<>(Records.withRevoked(step.after(), ""), step.outcome())
          : step;
    }
  }
}
