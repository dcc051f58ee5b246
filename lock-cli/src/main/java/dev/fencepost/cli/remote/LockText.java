package dev.fencepost.cli.remote;

import dev.fencepost.lock.GrantLoss;
import dev.fencepost.proto.v1.Holder;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.NotGranted;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;

/** What people are told about locks, grants and holders. */
public final class LockText {
  private LockText() {}

  /** A grant that nobody renews. */
  public static String held(HeldGrant held, String done) {
    return printable(held.grant().getName())
        + " "
        + done
        + ": token "
        + held.token()
        + ", yours for "
        + WireDurations.about(held.validFor(System.nanoTime()))
        + " (ttl "
        + WireDurations.about(held.grant().getTtl())
        + ")";
  }

  /** Why a claim was refused, and who is in its way. */
  public static String refused(String name, NotGranted why) {
    String reason =
        switch (why.getReason()) {
          case NOT_GRANTED_REASON_BUSY -> "is taken";
          case NOT_GRANTED_REASON_TIMED_OUT -> "was not free in time";
          case NOT_GRANTED_REASON_CLOSED -> "is closed";
          case NOT_GRANTED_REASON_WITHDRAWN -> "was not granted: the claim was withdrawn";
          default -> "was not granted";
        };
    String holders =
        why.getHoldersList().stream()
            .map(holder -> ", held by " + holder(holder))
            .collect(Collectors.joining());
    String available =
        why.hasAvailableIn() && why.getHoldersCount() == 0
            ? ", not free for another " + WireDurations.about(why.getAvailableIn())
            : "";
    return printable(name) + " " + reason + holders + available;
  }

  /** A holder in one line. */
  public static String holder(Holder holder) {
    String left =
        holder.hasRemainingAtMost()
            ? ", at most " + WireDurations.about(holder.getRemainingAtMost()) + " left"
            : "";
    return owner(holder.getOwner()) + " (token " + holder.getFencingToken() + left + ")";
  }

  /** Why a grant ended. */
  public static String lost(Lost lost) {
    String detail = lost.getDetail().isEmpty() ? "" : ": " + printable(lost.getDetail());
    return reason(lost.getReason()) + detail;
  }

  /** Why a grant ended, as the SDK tells it. */
  public static String lost(GrantLoss loss) {
    String detail = loss.detail().isEmpty() ? "" : ": " + printable(loss.detail());
    return reason(LossReason.valueOf("LOSS_REASON_" + loss.reason().name())) + detail;
  }

  public static String reason(LossReason reason) {
    return switch (reason) {
      case LOSS_REASON_EXPIRED -> "its lease ran out";
      case LOSS_REASON_SUPERSEDED -> "its lease ran out and another holds the lock";
      case LOSS_REASON_RELEASED -> "it was given back before";
      case LOSS_REASON_REVOKED -> "an administrator ended it";
      default -> "it is gone";
    };
  }

  /** A lock's state in a few words. */
  public static String state(Lock lock) {
    String state =
        lock.getHoldersCount() > 0
            ? lock.getHoldersList().stream()
                .map(holder -> "held by " + holder(holder))
                .collect(Collectors.joining(", "))
            : lock.hasAvailableIn()
                ? "closed for " + WireDurations.about(lock.getAvailableIn())
                : "free";
    return state + waiting(lock);
  }

  private static String waiting(Lock lock) {
    StringBuilder text = new StringBuilder();
    if (lock.getWaiterCount() > 0) {
      text.append(", ").append(lock.getWaiterCount()).append(" waiting here");
    }
    if (lock.getOtherReplicasWaiting() > 0) {
      text.append(", ").append(lock.getOtherReplicasWaiting()).append(" other replicas waiting");
    }
    return text.toString();
  }

  /** How long ago a holder was granted, by the clock of whoever granted it. */
  public static Duration heldFor(Holder holder) {
    if (!holder.hasAcquireTime()) {
      return Duration.ZERO;
    }
    Instant since =
        Instant.ofEpochSecond(
            holder.getAcquireTime().getSeconds(), holder.getAcquireTime().getNanos());
    Duration held = Duration.between(since, Instant.now());
    return held.isNegative() ? Duration.ZERO : held;
  }

  public static String owner(String owner) {
    return owner.isEmpty() ? "somebody without a name" : printable(owner);
  }

  /** Text of others without what could command a terminal. */
  public static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '\uFFFD' : c));
    return out.toString();
  }
}
