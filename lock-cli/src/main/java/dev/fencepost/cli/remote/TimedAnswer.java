package dev.fencepost.cli.remote;

import java.time.Duration;

/**
 * An answer, and when the call that it belongs to was sent.
 *
 * @param answer what the server said
 * @param sentNanos the monotonic clock just before the call was sent
 * @param answeredNanos the monotonic clock when the answer was there
 * @param attempts how many calls may have reached a server, this one included
 */
public record TimedAnswer<A>(A answer, long sentNanos, long answeredNanos, int attempts) {
  /** How long the server took. */
  public Duration took() {
    return Duration.ofNanos(answeredNanos - sentNanos);
  }
}
