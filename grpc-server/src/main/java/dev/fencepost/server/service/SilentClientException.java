package dev.fencepost.server.service;

import dev.fencepost.lock.DurationFormat;
import java.time.Duration;

/** A session's client has said nothing for longer than it may. */
final class SilentClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SilentClientException(Duration silence) {
    super("no sign of life from the client for " + DurationFormat.print(silence));
  }
}
