package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;

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
              new GrantRef(ref.lock(), ref.claim(), new FencingToken(token), ref.principal()),
              grant.lease(),
              grant.mode(),
              grant.origin()));
    }
    return attempt;
  }

  private static boolean isNew(Attempt attempt) {
    return attempt.fold(
        granted -> granted.grant().origin() == Grant.Origin.NEW, busy -> false, foreign -> false);
  }

  /** Counts the grants of a lock, from a number that is the same for all stores. */
  static class CountedFromAConstant extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> step = lock.acquire(asker, claim, line);
      long next = Math.max(START, lock.token()) + 1;
      return isNew(step.outcome())
          ? new Transition<>(
              AlteredRecords.withToken(step.after(), next),
              BrokenTokens.withToken(step.outcome(), next))
          : step;
    }
  }

  static final class ResetByARelease extends CountedFromAConstant {
    @Override
    Transition<Release> release(LockRecord lock, StepContext asker, ReleaseCommand order) {
      Transition<Release> step = lock.release(asker, order);
      return step.outcome() instanceof Release.Released
          ? new Transition<>(AlteredRecords.withToken(step.after(), 0), step.outcome())
          : step;
    }
  }

  /** The store's clock and nothing else. */
  static final class LastTokenIsIgnored extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      Transition<Attempt> ordinary = lock.acquire(asker, claim, line);
      return isNew(ordinary.outcome())
          ? AlteredRecords.withToken(lock, 0)
              .acquire(new StepContext(asker.self(), 0, asker.nowMicros()), claim, line)
          : ordinary;
    }
  }

  static final class FloorIsIgnored extends ModelRules {
    @Override
    Transition<Attempt> acquire(LockRecord lock, StepContext asker, Claim claim, QueueIntent line) {
      return lock.acquire(new StepContext(asker.self(), 0, asker.nowMicros()), claim, line);
    }
  }

  static final class HandOverKeepsTheToken extends ModelRules {
    @Override
    Transition<HandOver> handOver(LockRecord lock, StepContext asker, Passing passing) {
      Transition<HandOver> step = super.handOver(lock, asker, passing);
      return isNew(step.outcome().got()) && lock.token() > 0
          ? new Transition<>(
              AlteredRecords.withToken(step.after(), lock.token()),
              new HandOver(
                  step.outcome().ended(),
                  BrokenTokens.withToken(step.outcome().got(), lock.token())))
          : step;
    }
  }

  static final class ClosingIsNotCounted extends ModelRules {
    @Override
    Transition<Revocation> forceRelease(
        LockRecord lock, StepContext asker, ForceReleaseCommand order) {
      Transition<Revocation> step = lock.forceRelease(asker, order);
      return new Transition<>(
          AlteredRecords.withToken(step.after(), lock.token()),
          step.outcome() instanceof Revocation.Revoked revoked
              ? new Revocation.Revoked(
                  revoked.former(), revoked.closing().map(t -> revoked.former().token()))
              : step.outcome());
    }
  }

  static final class MarkCanSink extends ModelRules {
    @Override
    long markAfter(long mark, long token) {
      return token;
    }
  }

  static final class MarkDoesNotRise extends ModelRules {
    @Override
    long markAfter(long mark, long token) {
      return mark == 0 ? token : mark;
    }
  }
}
