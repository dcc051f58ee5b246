package dev.fencepost.client;

import java.time.Duration;

/** A limit of the server, of its store or of this client is reached. Nothing has happened. */
public final class LimitExceededException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  /** Creates the exception; {@code retryAfter} is zero if the server named no time. */
  public LimitExceededException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  /** The shortest time before another try; zero if the server named none. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
