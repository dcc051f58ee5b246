package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
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
 * The rules of LockRecord with two corrections of their answers. The token comes from ZooKeeper's
 * transaction id. An expired lease is reported as expired, even if the turn of the next waiter
 * began at once.
 */
public final class LockCommands {
  private final LockReader reader;

  public LockCommands(LockReader reader) {
    this.reader = reader;
  }

  public ReadModifyWriter.Command<Attempt> acquire(Claim claim, QueueIntent intent) {
    return command(
        (record, context) -> record.acquire(context, claim, intent),
        LockCommands::isExisting,
        (outcome, before, token) -> attempt(outcome, token));
  }

  public ReadModifyWriter.Command<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return command(
        (record, context) -> record.handOver(context, from, to, intent),
        result -> isExisting(result.got()),
        (outcome, before, token) ->
            new HandOver(
                release(outcome.ended(), before, from.claim()), attempt(outcome.got(), token)));
  }

  public ReadModifyWriter.Command<Renewal> renew(GrantRef grant) {
    return command(
        (record, context) -> record.renew(context, grant),
        Renewal.Renewed.class::isInstance,
        (outcome, before, token) ->
            outcome.fold(
                renewed -> renewed,
                lost -> new Renewal.Lost(loss(lost.loss(), before, grant.claim()))));
  }

  public ReadModifyWriter.Command<Release> release(ReleaseCommand command) {
    return command(
        (record, context) -> record.release(context, command),
        outcome -> false,
        (outcome, before, token) -> release(outcome, before, command.claim()));
  }

  public ReadModifyWriter.Command<Revocation> forceRelease(ForceReleaseCommand command) {
    return command(
        (record, context) -> record.forceRelease(context, command),
        outcome -> false,
        (outcome, before, token) ->
            outcome.fold(
                revoked ->
                    new Revocation.Revoked(
                        revoked.former(), revoked.closing().map(made -> new FencingToken(token))),
                nobody -> nobody,
                mismatch -> mismatch));
  }

  public ReadModifyWriter.Command<Boolean> leave() {
    return command(LockRecord::leave, outcome -> false, (outcome, before, token) -> outcome);
  }

  private Attempt attempt(Attempt outcome, long token) {
    return outcome.fold(
        granted -> {
          Grant grant = granted.grant();
          GrantRef ref =
              new GrantRef(grant.ref().lock(), grant.ref().claim(), new FencingToken(token));
          return new Attempt.Granted(new Grant(ref, grant.lease(), grant.mode(), grant.origin()));
        },
        busy -> new Attempt.Busy(reader.withPresent(busy.state())));
  }

  private static boolean isExisting(Attempt attempt) {
    return attempt instanceof Attempt.Granted granted
        && granted.grant().origin() == Grant.Origin.EXISTING;
  }

  private static Release release(Release outcome, LockSnapshot before, ClaimId claim) {
    return outcome.fold(
        released -> released,
        withdrawn -> withdrawn,
        notHeld -> new Release.NotHeld(reason(notHeld.reason(), before, claim)));
  }

  private static GrantLoss loss(GrantLoss loss, LockSnapshot before, ClaimId claim) {
    return new GrantLoss(reason(loss.reason(), before, claim), loss.detail(), loss.lastToken());
  }

  private static LossReason reason(LossReason reason, LockSnapshot before, ClaimId claim) {
    boolean ranOut =
        before.kind() == StateKind.TURN
            && before.node().claim().map(RecordedClaim::id).filter(claim::equals).isPresent();
    return ranOut && reason == LossReason.RELEASED ? LossReason.EXPIRED : reason;
  }

  private static <T> ReadModifyWriter.Command<T> command(
      BiFunction<LockRecord, StepContext, Transition<T>> step,
      Predicate<T> isRenewal,
      AnswerMapper<T> mapper) {
    return new ReadModifyWriter.Command<>() {
      @Override
      public Transition<T> apply(LockRecord record, StepContext context) {
        return step.apply(record, context);
      }

      @Override
      public boolean isRenewal(T outcome) {
        return isRenewal.test(outcome);
      }

      @Override
      public T answer(T outcome, LockSnapshot before, long token) {
        return mapper.map(outcome, before, token);
      }
    };
  }

  @FunctionalInterface
  private interface AnswerMapper<T> {
    T map(T outcome, LockSnapshot before, long token);
  }
}
