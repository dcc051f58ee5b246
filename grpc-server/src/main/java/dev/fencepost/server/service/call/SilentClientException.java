package dev.fencepost.server.service.call;

import dev.fencepost.lock.DurationFormat;
import java.time.Duration;

/** The client of a session has been silent for longer than allowed. */
public final class SilentClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SilentClientException(Duration silence) {
    super("no sign of life from the client for " + DurationFormat.print(silence));
  }
}
