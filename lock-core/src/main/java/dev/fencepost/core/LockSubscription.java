package dev.fencepost.core;

import java.util.List;

/**
 * A subscription to some locks. States wait here, one for each lock at most, until they are taken:
 * a slow reader misses states in between and costs no more than that. Thread-safe.
 */
public interface LockSubscription extends AutoCloseable {

  /** The newest state of each lock that changed since the last call; none of them goes back. */
  List<LockChange> take();

  /** Whether every lock of the first picture has been taken. */
  boolean isSynced();

  /** Ends the subscription; idempotent. */
  @Override
  void close();
}
