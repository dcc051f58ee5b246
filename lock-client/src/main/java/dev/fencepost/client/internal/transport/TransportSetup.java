package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Hello;
import io.grpc.ManagedChannel;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The values that a {@link ReplicaPool} takes from its client.
 *
 * @param connector opens a channel to an address
 * @param hello the greeting of each session
 * @param clock the client's clock
 * @param offload runs work that must not run in a transport's callback
 * @param random shuffles addresses and spreads reconnects
 */
public record TransportSetup(
    Function<ReplicaAddress, ManagedChannel> connector,
    Hello hello,
    ClientClock clock,
    Executor offload,
    Random random) {

  SessionContext sessionContext(TimingWheel<SessionStream> sessions) {
    return new SessionContext(hello, clock, offload, sessions);
  }
}
