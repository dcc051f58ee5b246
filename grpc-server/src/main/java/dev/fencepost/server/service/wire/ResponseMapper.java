package dev.fencepost.server.service.wire;

import com.google.protobuf.Timestamp;
import dev.fencepost.core.AcquireAnswer;
import dev.fencepost.core.QueuedLockView;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockChangeKind;
import dev.fencepost.proto.v1.LockMode;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Waiter;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Maps values of the domain to response messages. None of them contains a claim id. */
public final class ResponseMapper {
  private ResponseMapper() {}

  public static AcquireResponse answer(AcquireAnswer answer) {
    return answer.fold(
        granted -> AcquireResponse.newBuilder().setGranted(grant(granted.grant())).build(),
        refused -> AcquireResponse.newBuilder().setNotGranted(notGranted(refused)).build());
  }

  public static Grant grant(dev.fencepost.lock.Grant grant) {
    dev.fencepost.lock.Lease lease = grant.lease();
    return Grant.newBuilder()
        .setName(grant.ref().lock().value())
        .setFencingToken(grant.token().value())
        .setTtl(WireDuration.of(lease.ttl()))
        .setValidFor(WireDuration.of(lease.validFor()))
        .setRenewAfter(WireDuration.of(lease.renewAfter()))
        .setMode(mode(grant.mode()))
        .setLockDelay(WireDuration.of(lease.lockDelay()))
        .setAlreadyHeld(grant.origin() == dev.fencepost.lock.Grant.Origin.EXISTING)
        .build();
  }

  public static RenewResponse renewal(Renewal renewal) {
    return renewal.fold(
        renewed -> RenewResponse.newBuilder().setRenewed(grant(renewed.grant())).build(),
        lost -> RenewResponse.newBuilder().setLost(lost(lost.loss())).build(),
        foreign -> {
          throw unjudged(foreign);
        });
  }

  /** Creates the error for an answer that the coordinator must have judged: no caller sees it. */
  public static IllegalStateException unjudged(Object foreign) {
    return new IllegalStateException("not judged: " + foreign);
  }

  public static ReleaseResponse release(Release release) {
    return release.fold(
        released -> release(ReleaseOutcome.RELEASE_OUTCOME_RELEASED).build(),
        withdrawn -> release(ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN).build(),
        notHeld ->
            release(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD)
                .setLossReason(reason(notHeld.reason()))
                .build(),
        foreign -> {
          throw unjudged(foreign);
        });
  }

  private static ReleaseResponse.Builder release(ReleaseOutcome outcome) {
    return ReleaseResponse.newBuilder().setOutcome(outcome);
  }

  public static Lost lost(GrantLoss loss) {
    return Lost.newBuilder()
        .setReason(reason(loss.reason()))
        .setDetail(loss.detail())
        .setLastToken(tokenOrZero(loss.lastToken()))
        .build();
  }

  public static LossReason reason(dev.fencepost.lock.LossReason reason) {
    return switch (reason) {
      case EXPIRED -> LossReason.LOSS_REASON_EXPIRED;
      case SUPERSEDED -> LossReason.LOSS_REASON_SUPERSEDED;
      case RELEASED -> LossReason.LOSS_REASON_RELEASED;
      case REVOKED -> LossReason.LOSS_REASON_REVOKED;
    };
  }

  public static long tokenOrZero(Optional<FencingToken> token) {
    return token.map(FencingToken::value).orElse(0L);
  }

  /** Maps a holder with its metadata. */
  public static Holder holder(dev.fencepost.lock.Holder holder) {
    return withoutMetadata(holder).putAllMetadata(holder.claimant().metadata()).build();
  }

  /** Maps a lock without the waiters of this replica. */
  public static Lock.Builder lock(dev.fencepost.lock.LockState state, ReplicaId self) {
    Lock.Builder lock =
        Lock.newBuilder()
            .setName(state.lock().value())
            .setLastToken(tokenOrZero(state.lastToken()))
            .setOtherReplicasWaiting(
                (int)
                    state.replicaQueue().stream().filter(replica -> !replica.equals(self)).count());
    state.holder().ifPresent(holder -> lock.addHolders(holder(holder)));
    closedFor(state).ifPresent(time -> lock.setAvailableIn(WireDuration.of(time)));
    return lock;
  }

  /** Maps a lock with the waiters of this replica. */
  public static Lock lock(QueuedLockView view, ReplicaId self) {
    Lock.Builder lock =
        lock(view.state(), self)
            .setWaiterCount(view.waiterCount())
            .setOtherReplicasWaiting(view.otherReplicasWaiting());
    for (QueuedLockView.WaiterView waiter : view.waiters()) {
      lock.addWaiters(
          Waiter.newBuilder()
              .setOwner(waiter.claimant().owner())
              .setClaimTag(waiter.claimTag())
              .setWaited(WireDuration.of(waiter.waited()))
              .setPosition(waiter.position())
              .setReplicaId(self.value())
              .setMode(mode(waiter.claimant().mode())));
    }
    return lock.build();
  }

  public static LockChange change(dev.fencepost.core.LockChange change, ReplicaId self) {
    return LockChange.newBuilder()
        .setKind(kind(change.kind()))
        .setLock(lock(change.state(), self))
        .build();
  }

  private static NotGranted notGranted(AcquireAnswer.NotGranted refused) {
    NotGranted.Builder wire =
        NotGranted.newBuilder()
            .setReason(reason(refused.reason()))
            .setWaited(WireDuration.of(refused.waited()));
    refused
        .state()
        .ifPresent(
            state -> {
              state.holder().ifPresent(holder -> wire.addHolders(withoutMetadata(holder)));
              state
                  .holder()
                  .map(dev.fencepost.lock.Holder::remainingAtMost)
                  .or(() -> closedFor(state))
                  .ifPresent(time -> wire.setAvailableIn(WireDuration.of(time)));
            });
    return wire.build();
  }

  private static NotGrantedReason reason(AcquireAnswer.Reason reason) {
    return switch (reason) {
      case BUSY -> NotGrantedReason.NOT_GRANTED_REASON_BUSY;
      case TIMED_OUT -> NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT;
      case CLOSED -> NotGrantedReason.NOT_GRANTED_REASON_CLOSED;
      case WITHDRAWN -> NotGrantedReason.NOT_GRANTED_REASON_WITHDRAWN;
    };
  }

  /** Maps a holder without its metadata. */
  private static Holder.Builder withoutMetadata(dev.fencepost.lock.Holder holder) {
    return Holder.newBuilder()
        .setOwner(holder.claimant().owner())
        .setFencingToken(holder.token().value())
        .setRemainingAtMost(WireDuration.of(holder.remainingAtMost()))
        .setAcquireTime(timestamp(holder.acquiredAt()))
        .setMode(mode(holder.claimant().mode()))
        .setClaimTag(holder.claimTag())
        .setPrincipal(holder.claimant().principal());
  }

  private static Optional<Duration> closedFor(dev.fencepost.lock.LockState state) {
    return state
        .status()
        .fold(
            held -> Optional.empty(),
            closed -> Optional.of(closed.availableIn()),
            free -> Optional.empty());
  }

  private static LockMode mode(dev.fencepost.lock.LockMode mode) {
    return switch (mode) {
      case EXCLUSIVE -> LockMode.LOCK_MODE_EXCLUSIVE;
    };
  }

  private static LockChangeKind kind(dev.fencepost.core.LockChange.Kind kind) {
    return switch (kind) {
      case STATE -> LockChangeKind.LOCK_CHANGE_KIND_STATE;
      case GRANTED -> LockChangeKind.LOCK_CHANGE_KIND_GRANTED;
      case RELEASED -> LockChangeKind.LOCK_CHANGE_KIND_RELEASED;
      case EXPIRED -> LockChangeKind.LOCK_CHANGE_KIND_EXPIRED;
      case REVOKED -> LockChangeKind.LOCK_CHANGE_KIND_REVOKED;
      case OTHER -> LockChangeKind.LOCK_CHANGE_KIND_UNSPECIFIED;
    };
  }

  private static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
