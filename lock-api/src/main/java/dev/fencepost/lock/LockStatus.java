package dev.fencepost.lock;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** How a lock stands at one moment, by its store's clock. */
public sealed interface LockStatus {

  /** A grant stands. */
  record Held(Holder holder) implements LockStatus {}

  /**
   * Nobody holds the lock and nobody may take it yet: a lock delay, a forced release, a {@code
   * close_for}, or one replica's turn.
   *
   * @param availableIn when everybody may take it
   * @param turn the one replica that may take it earlier
   * @param revoked the administrator's reason, if it was closed by force; else empty
   */
  record Closed(Duration availableIn, Optional<ReplicaId> turn, String revoked)
      implements LockStatus {}

  /** Whoever comes may take it. */
  record Free() implements LockStatus {}

  /** Handles each case. */
  default <T> T fold(Function<Held, T> held, Function<Closed, T> closed, Function<Free, T> free) {
    if (this instanceof Held h) {
      return held.apply(h);
    }
    return this instanceof Closed c ? closed.apply(c) : free.apply((Free) this);
  }
}
