package dev.fencepost.core;

import java.util.List;

/**
 * A subscription to some locks. It keeps at most one untaken state for each lock: a slow reader
 * misses intermediate states and costs no more memory. Thread-safe.
 */
public interface LockSubscription extends AutoCloseable {

  /**
   * Takes the newest state of each lock that changed since the last call. States of one lock never
   * go back.
   */
  List<LockChange> take();

  /** Returns true once the initial state of every lock was taken. */
  boolean isSynced();

  /** Ends the subscription; idempotent. */
  @Override
  void close();
}
