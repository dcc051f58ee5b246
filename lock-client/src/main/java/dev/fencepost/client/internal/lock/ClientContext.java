package dev.fencepost.client.internal.lock;

import dev.fencepost.client.ClientMetrics;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.StateCondition;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.ReplicaPool;
import dev.fencepost.proto.v1.Welcome;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Shared by the acquires, held locks, releases and other calls of one client. */
final class ClientContext {
  private static final long DEFAULT_TTL_NANOS = TimeUnit.SECONDS.toNanos(15);

  final ClientClock clock;
  final Random random;
  final ClaimIdSource claimIds;
  final CallbackExecutor callbacks;
  final ClientMetrics metrics;
  final long callTimeoutNanos;
  final ReplicaPool replicas;
  final TimingWheel<HeldLock> heldLocks;
  final TimingWheel<AcquireOperation> acquires;
  final TimingWheel<RetriedOperation<?>> retriedOperations;
  final TimingWheel<RetriedCall<?, ?>> calls;
  final TimingWheel<WatchSubscription> watches;
  final ReplicaDiscovery discovery;
  final StateCondition stateCondition = new StateCondition();
  final ThreadHolds threadHolds = new ThreadHolds();
  private volatile boolean isClosed;

  /** Creates the context; {@code resolve} looks the target up again, without blocking. */
  ClientContext(ClientSetup setup, RoundScheduler scheduler, Runnable resolve) {
    this.clock = setup.clock();
    this.random = setup.random();
    this.claimIds = new ClaimIdSource(setup.random());
    this.callbacks = setup.callbacks();
    this.metrics = new GuardedMetrics(setup.metrics());
    this.callTimeoutNanos = setup.callTimeoutNanos();
    // Rounds run the wheels in this order: held locks first.
    this.heldLocks = scheduler.newWheel();
    this.retriedOperations = scheduler.newWheel();
    this.replicas = new ReplicaPool(setup.transport(), scheduler, new ReplicaEventDispatcher(this));
    this.acquires = scheduler.newWheel();
    this.calls = scheduler.newWheel();
    this.watches = scheduler.newWheel();
    this.discovery = new ReplicaDiscovery(this, scheduler, resolve);
  }

  /**
   * Must be called before any operation begins.
   *
   * @throws IllegalStateException if the client is closed
   */
  void requireOpen() {
    if (isClosed) {
      throw new IllegalStateException("the client is closed");
    }
  }

  boolean isClosed() {
    return isClosed;
  }

  /** Rejects new operations from now on. */
  void close() {
    isClosed = true;
  }

  /** The lease of a claim. */
  long ttlNanos(AcquireTemplate template) {
    return template.options().ttl().map(Duration::toNanos).orElseGet(this::defaultTtlNanos);
  }

  /** The longest wait that the server accepts. */
  long longestWaitNanos() {
    Welcome known = replicas.welcome();
    long most =
        known == null ? 0 : ProtoConverter.nanos(known.getServer().getLimits().getMaxWait());
    return most == 0 ? ClientClock.NEVER : most;
  }

  private long defaultTtlNanos() {
    Welcome known = replicas.welcome();
    long ttl =
        known == null ? 0 : ProtoConverter.nanos(known.getServer().getLimits().getDefaultTtl());
    return ttl == 0 ? DEFAULT_TTL_NANOS : ttl;
  }

  /** Adds up to 100 % of jitter to a pause, so that clients do not retry together. */
  long jitteredNanos(long leastNanos) {
    return leastNanos + (long) (random.nextDouble() * leastNanos);
  }
}
