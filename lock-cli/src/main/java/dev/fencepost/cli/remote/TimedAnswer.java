package dev.fencepost.cli.remote;

import java.time.Duration;

/**
 * An answer, with the times of its call.
 *
 * @param message the response
 * @param sentNanos the monotonic clock just before the call was sent
 * @param answeredNanos the monotonic clock when the answer had arrived
 * @param attempts how many calls may have reached a server, this one included
 */
public record TimedAnswer<A>(A message, long sentNanos, long answeredNanos, int attempts) {
  /** The time between the call and its answer. */
  public Duration took() {
    return Duration.ofNanos(answeredNanos - sentNanos);
  }
}
