package dev.fencepost.core;

import java.time.Duration;

/** A limit of this replica is reached. Nothing was done; others are not disturbed. */
public final class OverLimitException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final String subject;
  private final long limit;

  /** Reports that {@code subject}, for example {@code waiters of lock "a"}, reached its limit. */
  public OverLimitException(String subject, long limit) {
    super(subject + ": at its limit of " + limit);
    this.subject = subject;
    this.limit = limit;
  }

  /** What is full. */
  public String subject() {
    return subject;
  }

  /** How much of it there may be. */
  public long limit() {
    return limit;
  }

  /** When to try again at the earliest. */
  public Duration retryAfter() {
    return RETRY_AFTER;
  }
}
