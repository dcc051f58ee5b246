package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.Status;

/** Receives the events of a session, on any thread. Implementations must not block. */
interface SessionEvents {
  void opened(SessionStream session, Welcome welcome);

  void draining(SessionStream session, Drain drain);

  void lost(GrantLost lost);

  /** The server has answered a liveness probe. */
  void alive(SessionStream session);

  void over(SessionStream session, Status why);

  /** Runs the work and groups what it sends to other sessions into one write per session. */
  void together(Runnable work);
}
