package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.Asker;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Step;

/** Rules under which a late writer is not fenced. */
final class BrokenTokens {

  private static final long START = 1_700_000_000_000_000_000L;

  private BrokenTokens() {}

  private static Attempt withToken(Attempt attempt, long token) {
    if (attempt instanceof Attempt.Granted granted) {
      Grant grant = granted.grant();
      GrantRef ref = grant.ref();
      return new Attempt.Granted(
          new Grant(
              new GrantRef(ref.lock(), ref.claim(), new FencingToken(token)),
              grant.lease(),
              grant.mode(),
              grant.origin()));
    }
    return attempt;
  }

  private static boolean isNew(Attempt attempt) {
    return attempt.fold(granted -> granted.grant().origin() == Grant.Origin.NEW, busy -> false);
  }

  /** Counts the grants of a lock, from a number that is the same for all stores. */
  static class CountedFromAConstant extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      Step<Attempt> step = lock.acquire(asker, claim, line);
      long next = Math.max(START, lock.token()) + 1;
      return isNew(step.outcome())
          ? new Step<>(
              Records.withToken(step.after(), next), BrokenTokens.withToken(step.outcome(), next))
          : step;
    }
  }

  static final class ResetByARelease extends CountedFromAConstant {
    @Override
    Step<Release> release(LockRecord lock, Asker asker, ReleaseOrder order) {
      Step<Release> step = lock.release(asker, order);
      return step.outcome() instanceof Release.Released
          ? new Step<>(Records.withToken(step.after(), 0), step.outcome())
          : step;
    }
  }

  /** The store's clock and nothing else. */
  static final class LastTokenIsIgnored extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      Step<Attempt> ordinary = lock.acquire(asker, claim, line);
      return isNew(ordinary.outcome())
          ? Records.withToken(lock, 0)
              .acquire(new Asker(asker.self(), 0, asker.nowMicros()), claim, line)
          : ordinary;
    }
  }

  static final class FloorIsIgnored extends Rules {
    @Override
    Step<Attempt> acquire(LockRecord lock, Asker asker, Claim claim, Line line) {
      return lock.acquire(new Asker(asker.self(), 0, asker.nowMicros()), claim, line);
    }
  }

  static final class HandOverKeepsTheToken extends Rules {
    @Override
    Step<HandOver> handOver(LockRecord lock, Asker asker, Passing passing) {
      Step<HandOver> step = super.handOver(lock, asker, passing);
      return isNew(step.outcome().got()) && lock.token() > 0
          ? new Step<>(
              Records.withToken(step.after(), lock.token()),
              new HandOver(
                  step.outcome().ended(),
                  BrokenTokens.withToken(step.outcome().got(), lock.token())))
          : step;
    }
  }

  static final class ClosingIsNotCounted extends Rules {
    @Override
    Step<Revocation> forceRelease(LockRecord lock, Asker asker, ForcedRelease order) {
      Step<Revocation> step = lock.forceRelease(asker, order);
      return new Step<>(
          Records.withToken(step.after(), lock.token()),
          step.outcome() instanceof Revocation.Revoked revoked
              ? new Revocation.Revoked(
                  revoked.former(), revoked.closing().map(t -> revoked.former().token()))
              : step.outcome());
    }
  }

  static final class MarkCanSink extends Rules {
    @Override
    long markAfter(long mark, long token) {
      return token;
    }
  }

  static final class MarkDoesNotRise extends Rules {
    @Override
    long markAfter(long mark, long token) {
      return mark == 0 ? token : mark;
    }
  }
}
