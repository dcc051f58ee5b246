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

/** Describes locks, grants and holders in sentences for people. */
public final class LockText {
  private LockText() {}

  /** Describes a grant that nobody renews. */
  public static String describeGrant(HeldGrant held, String verb) {
    return printable(held.grant().getName())
        + " "
        + verb
        + ": token "
        + held.token()
        + ", yours for "
        + WireDurations.printRounded(held.remaining(System.nanoTime()))
        + " (ttl "
        + WireDurations.printRounded(held.grant().getTtl())
        + ")";
  }

  /** Says why a claim was refused, and who holds the lock. */
  public static String describeRefusal(String name, NotGranted refusal) {
    String reason =
        switch (refusal.getReason()) {
          case NOT_GRANTED_REASON_BUSY -> "is taken";
          case NOT_GRANTED_REASON_TIMED_OUT -> "was not free in time";
          case NOT_GRANTED_REASON_CLOSED -> "is closed";
          case NOT_GRANTED_REASON_WITHDRAWN -> "was not granted: the claim was withdrawn";
          default -> "was not granted";
        };
    String holders =
        refusal.getHoldersList().stream()
            .map(holder -> ", held by " + describeHolder(holder))
            .collect(Collectors.joining());
    String available =
        refusal.hasAvailableIn() && refusal.getHoldersCount() == 0
            ? ", not free for another " + WireDurations.printRounded(refusal.getAvailableIn())
            : "";
    return printable(name) + " " + reason + holders + available;
  }

  /** Describes a holder in one line. */
  public static String describeHolder(Holder holder) {
    String left =
        holder.hasRemainingAtMost()
            ? ", at most " + WireDurations.printRounded(holder.getRemainingAtMost()) + " left"
            : "";
    return describeOwner(holder.getOwner()) + " (token " + holder.getFencingToken() + left + ")";
  }

  /** Says why a grant ended, from the wire. */
  public static String describeLoss(Lost lost) {
    String detail = lost.getDetail().isEmpty() ? "" : ": " + printable(lost.getDetail());
    return describeReason(lost.getReason()) + detail;
  }

  /** Says why a grant ended, from the SDK. */
  public static String describeLoss(GrantLoss loss) {
    String detail = loss.detail().isEmpty() ? "" : ": " + printable(loss.detail());
    return describeReason(LossReason.valueOf("LOSS_REASON_" + loss.reason().name())) + detail;
  }

  public static String describeReason(LossReason reason) {
    return switch (reason) {
      case LOSS_REASON_EXPIRED -> "its lease ran out";
      case LOSS_REASON_SUPERSEDED -> "its lease ran out and another holds the lock";
      case LOSS_REASON_RELEASED -> "it was given back before";
      case LOSS_REASON_REVOKED -> "an administrator ended it";
      default -> "it is gone";
    };
  }

  /** Describes a lock's state in a few words. */
  public static String describeState(Lock lock) {
    String state =
        lock.getHoldersCount() > 0
            ? lock.getHoldersList().stream()
                .map(holder -> "held by " + describeHolder(holder))
                .collect(Collectors.joining(", "))
            : lock.hasAvailableIn()
                ? "closed for " + WireDurations.printRounded(lock.getAvailableIn())
                : "free";
    return state + describeWaiting(lock);
  }

  private static String describeWaiting(Lock lock) {
    StringBuilder text = new StringBuilder();
    if (lock.getWaiterCount() > 0) {
      text.append(", ").append(lock.getWaiterCount()).append(" waiting here");
    }
    if (lock.getOtherReplicasWaiting() > 0) {
      text.append(", ").append(lock.getOtherReplicasWaiting()).append(" other replicas waiting");
    }
    return text.toString();
  }

  /**
   * Returns the time since a holder's grant. The start is the granting server's clock, the end is
   * ours, so two clocks that differ change the result.
   */
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

  public static String describeOwner(String owner) {
    return owner.isEmpty() ? "an unnamed owner" : printable(owner);
  }

  /**
   * Replaces control characters, so that other people's text cannot send commands to a terminal.
   */
  public static String printable(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '\uFFFD' : c));
    return out.toString();
  }
}
