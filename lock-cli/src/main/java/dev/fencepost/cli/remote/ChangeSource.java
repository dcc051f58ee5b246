package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.LockChange;

/** A source of lock changes. */
public interface ChangeSource {
  /**
   * Passes on changes while the connection lasts. After a break the caller calls it again; it then
   * begins with the changes made in between.
   *
   * @throws CallException when the connection breaks
   */
  void follow(Receiver receiver) throws InterruptedException;

  /** Receives the changes. */
  interface Receiver {
    /** A server answered, with or without a change. */
    void onConnected();

    /** A lock has a new state. */
    void onChange(LockChange change);
  }
}
