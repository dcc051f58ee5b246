package dev.fencepost.cli.remote;

import dev.fencepost.proto.v1.LockChange;

/** A way to see changes of locks. */
public interface ChangeSource {
  /**
   * Shows changes for as long as the connection holds. After a break it is called again and begins
   * with what changed meanwhile.
   *
   * @throws CallException when the connection breaks
   */
  void follow(Receiver receiver) throws InterruptedException;

  /** Is told what is seen. */
  interface Receiver {
    /** A server answered, whether or not there was anything to show. */
    void connected();

    /** A lock's new state. */
    void changed(LockChange change);
  }
}
