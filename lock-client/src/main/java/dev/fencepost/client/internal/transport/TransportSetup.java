package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Hello;
import java.util.Random;
import java.util.concurrent.Executor;

/**
 * The values that a {@link ReplicaPool} takes from its client.
 *
 * @param connector opens channels to addresses
 * @param hello the greeting of each session
 * @param clock the client's clock
 * @param offload runs work that must not run in a transport's callback
 * @param random shuffles addresses and spreads reconnects
 */
public record TransportSetup(
    ReplicaConnector connector, Hello hello, ClientClock clock, Executor offload, Random random) {

  SessionContext sessionContext(TimingWheel<SessionStream> sessions) {
    return new SessionContext(hello, clock, offload, sessions);
  }
}
