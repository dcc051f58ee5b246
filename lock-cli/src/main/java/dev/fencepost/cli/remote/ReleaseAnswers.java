package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;

/** Interprets the answers to a release. */
public final class ReleaseAnswers {
  private ReleaseAnswers() {}

  /**
   * True if this release ended the claim. If the answer to the first attempt was lost, the second
   * attempt finds the lock released already, by our own first attempt.
   */
  public static boolean isDone(TimedAnswer<ReleaseResponse> answer) {
    ReleaseResponse response = answer.message();
    return switch (response.getOutcome()) {
      case RELEASE_OUTCOME_RELEASED, RELEASE_OUTCOME_WITHDRAWN -> true;
      case RELEASE_OUTCOME_NOT_HELD ->
          answer.attempts() > 1 && response.getLossReason() == LossReason.LOSS_REASON_RELEASED;
      default -> false;
    };
  }

  /**
   * True if the grant had ended before the first attempt. That attempt was sent while the lease was
   * still valid, so a second attempt that finds no grant means that the first one succeeded, unless
   * the grant was revoked. Some stores keep no record of a released lock and cannot say more.
   */
  public static boolean wasLostBefore(TimedAnswer<ReleaseResponse> answer) {
    ReleaseResponse response = answer.message();
    return response.getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD
        && (answer.attempts() == 1 || response.getLossReason() == LossReason.LOSS_REASON_REVOKED);
  }
}
