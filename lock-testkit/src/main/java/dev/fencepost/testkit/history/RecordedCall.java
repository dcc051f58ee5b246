package dev.fencepost.testkit.history;

/**
 * One call of a client.
 *
 * @param operation what was asked
 * @param lock the lock's name
 * @param claim tells claims apart; a tag, not the secret
 * @param sentNanos when it was sent
 * @param answeredNanos when its answer came; {@link #NEVER} if none did
 * @param result what the answer was
 * @param token of the grant that the call named or got; 0 if none
 * @param ttlNanos the lease asked for or got; 0 where it plays no part
 * @param countedFromNanos from when the client counts the lease; that is {@code sentNanos}, or
 *     later if it knows better
 */
public record RecordedCall(
    Operation operation,
    String lock,
    String claim,
    long sentNanos,
    long answeredNanos,
    Result result,
    long token,
    long ttlNanos,
    long countedFromNanos) {

  /** When a call without an answer was answered. */
  public static final long NEVER = Long.MAX_VALUE;

  /** The kind of a call. */
  public enum Operation {
    /** Asks for a grant, waiting or not. */
    ACQUIRE,
    /** Extends a grant. */
    RENEW,
    /** Ends a grant, or with token 0 whatever the claim has. */
    RELEASE
  }

  /** The result of a call. */
  public enum Result {
    /** An acquire has the grant with {@code token}. */
    GRANTED,
    /** An acquire has no grant: busy, or the wait is over. */
    NOT_GRANTED,
    /** A renewal extended its grant. */
    RENEWED,
    /** A renewal found its grant gone. */
    LOST,
    /** A release ended the grant. */
    RELEASED,
    /** A release found no such grant. */
    NOT_HELD,
    /** No answer, or an answer that leaves the result open. */
    UNKNOWN
  }

  /**
   * Returns true if the answer proves that the grant with {@code token} was valid during the call.
   */
  boolean provesGrant() {
    return switch (result) {
      case GRANTED, RENEWED -> true;
      case RELEASED -> token != 0;
      case NOT_GRANTED, LOST, NOT_HELD, UNKNOWN -> false;
    };
  }

  /** Returns true if the holder counts a lease from this call. */
  boolean beginsLease() {
    return result == Result.GRANTED || result == Result.RENEWED;
  }
}
