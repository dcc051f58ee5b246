package dev.fencepost.client;

import dev.fencepost.proto.v1.Welcome;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** What the claims, holdings and releases of one client share. */
final class ClientParts {
  private static final long USUAL_TTL_NANOS = TimeUnit.SECONDS.toNanos(15);

  final ClientClock clock;
  final Random random;
  final ClaimIds claimIds;
  final Callbacks callbacks;
  final ClientMetrics metrics;
  final long callTimeoutNanos;
  final Replicas replicas;
  final DueSet<Holding> holdings;
  final DueSet<ClaimInFlight> claims;
  final DueSet<Repeated<?>> repeated;
  final DueSet<Question<?, ?>> questions;
  final DueSet<LockWatch> watches;
  final Refresh refresh;
  final Gate gate = new Gate();
  final ThreadHolds threadHolds = new ThreadHolds();
  private volatile boolean isClosed;

  /** {@code resolve} looks the target up anew, without blocking. */
  ClientParts(ClientSetup setup, Agenda agenda, Runnable resolve) {
    this.clock = setup.clock();
    this.random = setup.random();
    this.claimIds = new ClaimIds(setup.random());
    this.callbacks = setup.callbacks();
    this.metrics = new GuardedMetrics(setup.metrics());
    this.callTimeoutNanos = setup.callTimeoutNanos();
    // In this order they are looked at: what is held first.
    this.holdings = agenda.newSet();
    this.repeated = agenda.newSet();
    this.replicas = new Replicas(setup, agenda, new RoutesListener(this));
    this.claims = agenda.newSet();
    this.questions = agenda.newSet();
    this.watches = agenda.newSet();
    this.refresh = new Refresh(this, agenda, resolve);
  }

  /**
   * For whatever begins something.
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

  /** From now on nothing begins. */
  void close() {
    isClosed = true;
  }

  /** The lease that a claim asks for. */
  long ttlNanos(LockPlan plan) {
    return plan.terms().ttl().map(Duration::toNanos).orElseGet(this::defaultTtlNanos);
  }

  /** The longest wait that the server takes. */
  long longestWaitNanos() {
    Welcome known = replicas.welcome();
    long most = known == null ? 0 : Wire.nanos(known.getServer().getLimits().getMaxWait());
    return most == 0 ? ClientClock.NEVER : most;
  }

  private long defaultTtlNanos() {
    Welcome known = replicas.welcome();
    long ttl = known == null ? 0 : Wire.nanos(known.getServer().getLimits().getDefaultTtl());
    return ttl == 0 ? USUAL_TTL_NANOS : ttl;
  }

  /** A pause before something that failed is tried again, so that not all try together. */
  long pauseNanos(long leastNanos) {
    return leastNanos + (long) (random.nextDouble() * leastNanos);
  }
}
