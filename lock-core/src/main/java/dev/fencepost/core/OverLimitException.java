package dev.fencepost.core;

import java.time.Duration;

/**
 * A limit of this replica is reached. Nothing was done for this call; other calls are not affected.
 */
public final class OverLimitException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final String subject;
  private final long limit;

  /** Creates the exception for {@code subject}, for example {@code waiters of lock "a"}. */
  public OverLimitException(String subject, long limit) {
    super(subject + ": at its limit of " + limit);
    this.subject = subject;
    this.limit = limit;
  }

  /** Returns the name of what is full. */
  public String subject() {
    return subject;
  }

  /** Returns the limit. */
  public long limit() {
    return limit;
  }

  /** Returns the shortest time before a retry. */
  public Duration retryAfter() {
    return RETRY_AFTER;
  }
}
