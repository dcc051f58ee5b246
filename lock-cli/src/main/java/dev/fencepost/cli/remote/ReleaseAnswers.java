package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;

/** Reads the answers to a release. */
public final class ReleaseAnswers {
  private ReleaseAnswers() {}

  /**
   * Whether the claim was ended by this release. If the answer to a first try was lost, the second
   * is told that the grant was given back before: by ourselves.
   */
  public static boolean isDone(TimedAnswer<ReleaseResponse> reply) {
    ReleaseResponse answer = reply.answer();
    return switch (answer.getOutcome()) {
      case RELEASE_OUTCOME_RELEASED, RELEASE_OUTCOME_WITHDRAWN -> true;
      case RELEASE_OUTCOME_NOT_HELD ->
          reply.attempts() > 1 && answer.getLossReason() == LossReason.LOSS_REASON_RELEASED;
      default -> false;
    };
  }

  /**
   * Whether the grant had ended before the first try, which was sent while its lease was counted as
   * good. So a second try that finds it gone tells of the first one's success, unless somebody
   * revoked it: some stores remember nothing of a lock that was given back.
   */
  public static boolean wasGone(TimedAnswer<ReleaseResponse> reply) {
    ReleaseResponse answer = reply.answer();
    return answer.getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD
        && (reply.attempts() == 1 || answer.getLossReason() == LossReason.LOSS_REASON_REVOKED);
  }
}
