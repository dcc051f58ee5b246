package dev.fencepost.client.internal.transport;

import dev.fencepost.client.LockView;
import dev.fencepost.client.ServerInfo;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Limits;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.ReleaseResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Converts between protocol messages and the types of the domain. */
public final class ProtoConverter {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** Longer than any time here, and far from an overflow. */
  private static final long MAX_SECONDS = 366L * 24 * 3600;

  private ProtoConverter() {}

  public static long nanos(com.google.protobuf.Duration duration) {
    long seconds = Math.max(0, Math.min(duration.getSeconds(), MAX_SECONDS));
    return seconds * NANOS_PER_SECOND + duration.getNanos();
  }

  public static Duration duration(com.google.protobuf.Duration duration) {
    return Duration.ofNanos(nanos(duration));
  }

  public static com.google.protobuf.Duration nanosToProto(long nanos) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(nanos / NANOS_PER_SECOND)
        .setNanos((int) (nanos % NANOS_PER_SECOND))
        .build();
  }

  public static com.google.protobuf.Duration toProto(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  public static dev.fencepost.proto.v1.GrantRef toProto(GrantRef grant) {
    return dev.fencepost.proto.v1.GrantRef.newBuilder()
        .setName(grant.lock().value())
        .setClaimId(grant.claim().value())
        .setFencingToken(grant.token().value())
        .build();
  }

  public static Optional<FencingToken> token(long value) {
    return value < 1 ? Optional.empty() : Optional.of(new FencingToken(value));
  }

  public static GrantLoss loss(Lost lost) {
    return new GrantLoss(reason(lost.getReason()), lost.getDetail(), token(lost.getLastToken()));
  }

  public static Release release(ReleaseResponse response) {
    return switch (response.getOutcome()) {
      case RELEASE_OUTCOME_NOT_HELD -> new Release.NotHeld(reason(response.getLossReason()));
      case RELEASE_OUTCOME_WITHDRAWN -> new Release.Withdrawn();
      case RELEASE_OUTCOME_RELEASED, RELEASE_OUTCOME_UNSPECIFIED, UNRECOGNIZED ->
          new Release.Released();
    };
  }

  public static List<Holder> holders(List<dev.fencepost.proto.v1.Holder> holders) {
    return holders.stream()
        .filter(each -> each.getFencingToken() > 0)
        .map(ProtoConverter::holder)
        .toList();
  }

  public static Holder holder(dev.fencepost.proto.v1.Holder holder) {
    return new Holder(
        new Claimant(
            holder.getOwner(), holder.getPrincipal(), LockMode.EXCLUSIVE, holder.getMetadataMap()),
        holder.getClaimTag(),
        new FencingToken(holder.getFencingToken()),
        duration(holder.getRemainingAtMost()),
        Instant.ofEpochSecond(
            holder.getAcquireTime().getSeconds(), holder.getAcquireTime().getNanos()));
  }

  public static LockView lockView(dev.fencepost.proto.v1.Lock lock) {
    return new LockView(
        new LockName(lock.getName()),
        holders(lock.getHoldersList()).stream().findFirst(),
        token(lock.getLastToken()),
        lock.getWaitersList().stream().map(ProtoConverter::waiter).toList(),
        lock.getWaiterCount(),
        lock.getOtherReplicasWaiting(),
        lock.hasAvailableIn() ? Optional.of(duration(lock.getAvailableIn())) : Optional.empty());
  }

  public static ServerInfo serverInfo(GetServerInfoResponse response) {
    Limits limits = response.getLimits();
    return new ServerInfo(
        response.getVersion(),
        response.getReplicaId(),
        response.getStore(),
        response.getStoreId(),
        duration(limits.getMinTtl()),
        duration(limits.getMaxTtl()),
        duration(limits.getDefaultTtl()),
        duration(limits.getTtlStep()),
        duration(limits.getMaxWait()));
  }

  private static LockView.Waiter waiter(dev.fencepost.proto.v1.Waiter waiter) {
    return new LockView.Waiter(
        waiter.getOwner(),
        waiter.getClaimTag(),
        duration(waiter.getWaited()),
        waiter.getPosition());
  }

  /** An unknown reason counts as an expiry: it does not claim that anybody ended the grant. */
  private static LossReason reason(dev.fencepost.proto.v1.LossReason reason) {
    return switch (reason) {
      case LOSS_REASON_SUPERSEDED -> LossReason.SUPERSEDED;
      case LOSS_REASON_RELEASED -> LossReason.RELEASED;
      case LOSS_REASON_REVOKED -> LossReason.REVOKED;
      case LOSS_REASON_EXPIRED, LOSS_REASON_UNSPECIFIED, UNRECOGNIZED -> LossReason.EXPIRED;
    };
  }
}
