package dev.fencepost.lock;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** The status of a lock at one moment, by its store's clock. */
public sealed interface LockStatus {

  /** A valid grant exists. */
  record Held(Holder holder) implements LockStatus {}

  /**
   * No claim holds the lock and none may take it yet: a lock delay, a forced release, a {@code
   * close_for}, or a reservation for one replica. * *
   *
   * @param availableIn time until any claim may take it
   * @param turn the replica that may take it earlier
   * @param revoked the administrator's reason, if it was closed by force; else empty
   */
  record Closed(Duration availableIn, Optional<ReplicaId> turn, String revoked)
      implements LockStatus {}

  /** Any claim may take it. */
  record Free() implements LockStatus {}

  /** Handles each case. */
  default <T> T fold(Function<Held, T> held, Function<Closed, T> closed, Function<Free, T> free) {
    if (this instanceof Held h) {
      return held.apply(h);
    }
    return this instanceof Closed c ? closed.apply(c) : free.apply((Free) this);
  }
}
