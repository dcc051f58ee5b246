package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.Kind;
import dev.fencepost.backend.zookeeper.LockNode.Tenant;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/**
 * The rules, each with its answer put right: tokens are made by the ensemble, not by the rules; and
 * a lease that ran out while others waited was not released, although their turn came at once.
 */
final class Answers {
  private final Reads reads;

  Answers(Reads reads) {
    this.reads = reads;
  }

  Steps.Rule<Attempt> acquire(Claim claim, QueueIntent line) {
    return rule(
        (record, asker) -> record.acquire(asker, claim, line),
        Answers::isStanding,
        (outcome, before, token) -> attempt(outcome, token));
  }

  Steps.Rule<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return rule(
        (record, asker) -> record.handOver(asker, from, to, line),
        both -> isStanding(both.got()),
        (outcome, before, token) ->
            new HandOver(
                release(outcome.ended(), before, from.claim()), attempt(outcome.got(), token)));
  }

  Steps.Rule<Renewal> renew(GrantRef grant) {
    return rule(
        (record, asker) -> record.renew(asker, grant),
        Renewal.Renewed.class::isInstance,
        (outcome, before, token) ->
            outcome.fold(
                renewed -> renewed,
                lost -> new Renewal.Lost(loss(lost.loss(), before, grant.claim()))));
  }

  Steps.Rule<Release> release(ReleaseCommand order) {
    return rule(
        (record, asker) -> record.release(asker, order),
        outcome -> false,
        (outcome, before, token) -> release(outcome, before, order.claim()));
  }

  Steps.Rule<Revocation> forceRelease(ForceReleaseCommand order) {
    return rule(
        (record, asker) -> record.forceRelease(asker, order),
        outcome -> false,
        (outcome, before, token) ->
            outcome.fold(
                revoked ->
                    new Revocation.Revoked(
                        revoked.former(), revoked.closing().map(made -> new FencingToken(token))),
                nobody -> nobody,
                mismatch -> mismatch));
  }

  Steps.Rule<Boolean> leave() {
    return rule(LockRecord::leave, outcome -> false, (outcome, before, token) -> outcome);
  }

  private Attempt attempt(Attempt outcome, long token) {
    return outcome.fold(
        granted -> {
          Grant grant = granted.grant();
          GrantRef ref =
              new GrantRef(grant.ref().lock(), grant.ref().claim(), new FencingToken(token));
          return new Attempt.Granted(new Grant(ref, grant.lease(), grant.mode(), grant.origin()));
        },
        busy -> new Attempt.Busy(reads.withPresent(busy.state())));
  }

  private static boolean isStanding(Attempt attempt) {
    return attempt instanceof Attempt.Granted granted
        && granted.grant().origin() == Grant.Origin.EXISTING;
  }

  private static Release release(Release outcome, Snapshot before, ClaimId claim) {
    return outcome.fold(
        released -> released,
        withdrawn -> withdrawn,
        notHeld -> new Release.NotHeld(reason(notHeld.reason(), before, claim)));
  }

  private static GrantLoss loss(GrantLoss loss, Snapshot before, ClaimId claim) {
    return new GrantLoss(reason(loss.reason(), before, claim), loss.detail(), loss.lastToken());
  }

  private static LossReason reason(LossReason reason, Snapshot before, ClaimId claim) {
    boolean ranOut =
        before.kind() == Kind.TURN
            && before.node().tenure().map(Tenant::claim).filter(claim::equals).isPresent();
    return ranOut && reason == LossReason.RELEASED ? LossReason.EXPIRED : reason;
  }

  private static <T> Steps.Rule<T> rule(
      BiFunction<LockRecord, StepContext, Transition<T>> step,
      Predicate<T> isRenewal,
      Telling<T> telling) {
    return new Steps.Rule<>() {
      @Override
      public Transition<T> step(LockRecord record, StepContext asker) {
        return step.apply(record, asker);
      }

      @Override
      public boolean isRenewal(T outcome) {
        return isRenewal.test(outcome);
      }

      @Override
      public T told(T outcome, Snapshot before, long token) {
        return telling.told(outcome, before, token);
      }
    };
  }

  @FunctionalInterface
  private interface Telling<T> {
    T told(T outcome, Snapshot before, long token);
  }
}
