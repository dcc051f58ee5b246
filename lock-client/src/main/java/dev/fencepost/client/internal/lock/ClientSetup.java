package dev.fencepost.client.internal.lock;

import dev.fencepost.client.ClientMetrics;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientTimers;
import dev.fencepost.client.internal.transport.ReplicaConnector;
import dev.fencepost.client.internal.transport.ServerTarget;
import dev.fencepost.client.internal.transport.TransportSetup;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.Hello;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executor;

/**
 * The configuration and the environment of a client.
 *
 * @param target where servers are found
 * @param hello the greeting that identifies the client
 * @param ttl the lease of locks that name none
 * @param callTimeoutNanos the longest time without an answer
 * @param callbacks runs the user's code
 * @param metrics receives counts
 * @param clock the client's clock
 * @param timers the client's timers
 * @param offload runs work that must not run in a transport's callback, soon and on another thread
 * @param random source of claim ids, which are secrets, and of jitter
 * @param connector opens channels to addresses
 */
public record ClientSetup(
    ServerTarget target,
    Hello hello,
    Optional<Duration> ttl,
    long callTimeoutNanos,
    CallbackExecutor callbacks,
    ClientMetrics metrics,
    ClientClock clock,
    ClientTimers timers,
    Executor offload,
    Random random,
    ReplicaConnector connector) {

  /** The options of a lock before its user changes any. */
  LockOptions options(LockName name) {
    return LockOptions.of(name, ttl);
  }

  TransportSetup transport() {
    return new TransportSetup(connector, hello, clock, offload, random);
  }
}
