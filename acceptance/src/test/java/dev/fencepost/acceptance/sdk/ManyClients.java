package dev.fencepost.acceptance.sdk;

import dev.fencepost.client.ClientMetrics;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.internal.lock.ClientSetup;
import dev.fencepost.client.internal.lock.FencepostClientImpl;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.time.ClientTimers;
import dev.fencepost.client.internal.time.SuspendAwareClock;
import dev.fencepost.client.internal.time.ThreadTimers;
import dev.fencepost.client.internal.transport.ReplicaAddress;
import dev.fencepost.client.internal.transport.ServerTarget;
import dev.fencepost.proto.v1.Hello;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Thousands of clients in one JVM. Each is a whole client of the SDK with its own connection,
 * session, back-off and renewals. They share threads alone, where a client of {@link
 * FencepostClient#builder} has its own: two threads for timers, those for callbacks, and the event
 * loops of Netty, since OkHttp needs a thread for each connection. Thread-safe.
 */
final class ManyClients implements AutoCloseable {
  private static final int TIMER_THREADS = 2;
  private static final long CALL_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ServerTarget target;
  private final Duration lease;
  private final List<ClientTimers> timers = new ArrayList<>();
  private final CallbackExecutor callbacks = CallbackExecutor.withOwnThreads();
  private final Random random = new SecureRandom();
  private final LongAdder connections = new LongAdder();

  ManyClients(String target, Duration lease) {
    this.target = ServerTarget.parse(target);
    this.lease = lease;
    for (int i = 0; i < TIMER_THREADS; i++) {
      timers.add(new ThreadTimers());
    }
  }

  /** Starts a client; {@code number} tells it from the others. */
  FencepostClient start(int number) {
    // The timers of one client run on one thread, as they do in a client with its own.
    ClientTimers own = timers.get(number % timers.size());
    return FencepostClientImpl.start(
        new ClientSetup(
            target,
            Hello.newBuilder().setClient("java/campaign").setOwner("client-" + number).build(),
            Optional.of(lease),
            CALL_TIMEOUT_NANOS,
            callbacks,
            ClientMetrics.NONE,
            SuspendAwareClock.ofSystem(),
            new SharedTimers(own),
            task -> own.schedule(0, task),
            random,
            this::connect));
  }

  /** Returns how many connections all clients have begun. */
  long connections() {
    return connections.sum();
  }

  @Override
  public void close() {
    timers.forEach(ClientTimers::close);
  }

  private ManagedChannel connect(ReplicaAddress address) {
    connections.increment();
    return NettyChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        .directExecutor()
        .disableRetry()
        .build();
  }

  /** Timers that outlive the client which uses them. */
  private record SharedTimers(ClientTimers timers) implements ClientTimers {
    @Override
    public Timer schedule(long delayNanos, Runnable task) {
      return timers.schedule(delayNanos, task);
    }

    @Override
    public void close() {
      // They are closed with the last client.
    }
  }
}
