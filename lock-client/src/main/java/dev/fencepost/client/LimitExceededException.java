package dev.fencepost.client;

import java.time.Duration;

/** A limit of the server, of its store or of this client is reached. Nothing has happened. */
public final class LimitExceededException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  public LimitExceededException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  /** Not to be tried again before; zero if nobody said so. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
