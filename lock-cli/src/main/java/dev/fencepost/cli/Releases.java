package dev.fencepost.cli;

import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseResponse;

/** Reads the answers to a release. */
final class Releases {
  private Releases() {}

  /**
   * Whether the claim was ended by this release. If the answer to a first try was lost, the second
   * is told that the grant was given back before: by ourselves.
   */
  static boolean isDone(Reply<ReleaseResponse> reply) {
    ReleaseResponse answer = reply.answer();
    return switch (answer.getOutcome()) {
      case RELEASE_OUTCOME_RELEASED, RELEASE_OUTCOME_WITHDRAWN -> true;
      case RELEASE_OUTCOME_NOT_HELD ->
          reply.attempts() > 1 && answer.getLossReason() == LossReason.LOSS_REASON_RELEASED;
      default -> false;
    };
  }

  /** Whether the grant certainly had ended before the release came. */
  static boolean wasGone(Reply<ReleaseResponse> reply) {
    return reply.answer().getOutcome() == ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD && !isDone(reply);
  }
}
