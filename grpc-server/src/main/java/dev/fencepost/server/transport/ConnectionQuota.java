package dev.fencepost.server.transport;

import java.net.SocketAddress;

/** Limits the open connections of each peer. Thread-safe. */
public interface ConnectionQuota {
  /** Counts a connection that was accepted. Returns false if it is one too many. */
  boolean tryTake(SocketAddress peer);

  /** Counts the end of a connection for which {@link #tryTake} returned true. */
  void giveBack(SocketAddress peer);
}
