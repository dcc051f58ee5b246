package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.GrantLost;

/** Receives the events of a {@link ReplicaPool}, on any thread and outside of all locks. */
public interface ReplicaPoolListener {
  /** Operations that found no session may find one now. */
  void onSessionUsable();

  /** A server says that a grant of this client has ended. */
  void onGrantLost(GrantLost lost);

  /** A replica came or went: others may have too. */
  void onReplicasChanged();
}
