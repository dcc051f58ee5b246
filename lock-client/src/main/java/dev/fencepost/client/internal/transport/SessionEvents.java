package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.Status;

/** Receives the events of a session, on any thread. Implementations must not block. */
interface SessionEvents {
  void onOpened(SessionStream session, Welcome welcome);

  void onDraining(SessionStream session, Drain drain);

  void onGrantLost(GrantLost lost);

  /** The server has answered a liveness probe. */
  void onAlive(SessionStream session);

  void onOver(SessionStream session, Status why);

  /** Runs the work and groups what it sends to other sessions into one write per session. */
  void groupWrites(Runnable work);
}
