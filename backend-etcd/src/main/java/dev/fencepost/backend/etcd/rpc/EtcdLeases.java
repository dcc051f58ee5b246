package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.SharedLease.Rotation;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The leases of an open store, and the order in which calls for them are sent: renewals first.
 * Leases for new grants, revocations and releases are deferrable, see {@link RenewalThrottle}. Safe
 * for use by many threads.
 */
public final class EtcdLeases implements AutoCloseable {
  /** The most time of a deferrable call or a renewal, queue time included, in call timeouts. */
  static final int PATIENCE = 5;

  /** For renewals. One more stream takes the leases that may have ended. */
  private static final int KEEP_ALIVE_STREAMS = 4;

  private static final int MAX_QUERIES_IN_FLIGHT = 128;

  /** Two batches and some: few enough that little is left to do when a halt begins. */
  private static final int MAX_DEFERRABLE_IN_FLIGHT = 256;

  /** Few, because each is a consensus round of its own. */
  private static final int MAX_REVOCATIONS_IN_FLIGHT = 32;

  private static final int MAX_REVOCATIONS_QUEUED = 1_000;
  private static final int MAX_RENEWALS_IN_FLIGHT = 1_000;
  private static final int MAX_RENEWALS_QUEUED = 100_000;
  private static final Rotation TURN_ROTATION =
      new Rotation(LeaseUse.BINDING, 2, Duration.ofMillis(250), Duration.ofSeconds(1), 10_000);
  private static final Rotation MEMORY_ROTATION =
      new Rotation(LeaseUse.FREE, 10, Duration.ofSeconds(1), Duration.ofSeconds(4), 1_000);

  /** Long enough that one of the replicas rewrites the queue long before the lease ends. */
  private static final Rotation QUEUE_ROTATION =
      new Rotation(LeaseUse.FREE, 60, Duration.ofSeconds(5), Duration.ofSeconds(5), 1_000);

  private static final Duration MARK_WINDOW = Duration.ofHours(12);

  private final Duration callTimeout;
  private final List<KeepAliveStream> keepAlives;
  private final RenewalThrottle throttle;
  private final CallGate renewals;
  private final CallGate grants;
  private final CallGate releases;
  private final CallGate revocations;
  private final CallGate queries;
  private final LeaseClient client;
  private final LeasePool pool;
  private final SharedLease memory;
  private final SharedLease turns;
  private final SharedLease queues;
  private final SharedLease marks;

  /** Makes the leases of a store; nothing is granted yet. */
  public EtcdLeases(
      EtcdConnections connections,
      EtcdSettings settings,
      LongSupplier random,
      CallFailures failures,
      CallDeadlines deadlines) {
    callTimeout = settings.callTimeout();
    keepAlives =
        IntStream.rangeClosed(0, KEEP_ALIVE_STREAMS)
            .mapToObj(i -> new KeepAliveStream(connections, settings.queue()))
            .toList();
    throttle = new RenewalThrottle(callTimeout, System::nanoTime);
    renewals = new CallGate(failures, deadlines, MAX_RENEWALS_IN_FLIGHT, MAX_RENEWALS_QUEUED);
    queries = new CallGate(failures, deadlines, MAX_QUERIES_IN_FLIGHT, settings.queue());
    Deferrable deferrable =
        (most, queued) ->
            new CallGate(failures, deadlines, () -> throttle.deferrableLimit(most), queued);
    grants = deferrable.gate(MAX_DEFERRABLE_IN_FLIGHT, settings.queue());
    releases = deferrable.gate(MAX_DEFERRABLE_IN_FLIGHT, settings.queue());
    revocations = deferrable.gate(MAX_REVOCATIONS_IN_FLIGHT, MAX_REVOCATIONS_QUEUED);
    client = new LeaseClient(connections, random, queries);
    pool = new LeasePool(client, keepAlives.get(0), grants, revocations, settings);
    memory = new SharedLease(client, MEMORY_ROTATION);
    turns = new SharedLease(client, TURN_ROTATION);
    queues = new SharedLease(client, QUEUE_ROTATION);
    Duration markLease = settings.markRetention().plus(MARK_WINDOW.multipliedBy(2));
    marks =
        new SharedLease(
            client,
            new Rotation(
                LeaseUse.FREE,
                markLease.toSeconds(),
                MARK_WINDOW,
                MARK_WINDOW.multipliedBy(2),
                Integer.MAX_VALUE));
  }

  /** Makes a gate that a halt closes. */
  private interface Deferrable {
    CallGate gate(int inFlight, int queued);
  }

  /** Single leases. */
  public LeaseClient client() {
    return client;
  }

  /** Leases for grants. */
  public LeasePool pool() {
    return pool;
  }

  /** The lease of the remembered tokens of free locks. */
  public SharedLease memory() {
    return memory;
  }

  /** The lease of reserved turns. */
  public SharedLease turns() {
    return turns;
  }

  /** The lease of replica queues. */
  public SharedLease queues() {
    return queues;
  }

  /** The lease of fence marks. */
  public SharedLease marks() {
    return marks;
  }

  /** Makes etcd count the full time of a lease from now on. */
  public CompletionStage<LeaseStatus> keepAlive(long lease, CallDeadline deadline) {
    int stream = Math.floorMod(lease, KEEP_ALIVE_STREAMS);
    return keepAlives.get(stream).keepAlive(lease, deadline);
  }

  /**
   * The same for a lease that may end at any moment, on a stream of its own. etcd answers for an
   * ended lease only when it has removed its keys, and everything behind it in the stream waits.
   */
  public CompletionStage<LeaseStatus> keepEndingAlive(long lease, CallDeadline deadline) {
    return keepAlives.get(KEEP_ALIVE_STREAMS).keepAlive(lease, deadline);
  }

  /**
   * Runs a renewal, now or later. Under overload other calls are refused, but a renewal is queued.
   * Each of very many holders would retry a refused renewal, until the server does nothing but
   * refuse (seen with 100,000 locks: 15,000 refused in a second, 2,500 renewed).
   */
  public <T> CompletionStage<T> renew(Supplier<? extends CompletionStage<T>> renewal) {
    return throttle.measure(() -> renewals.submit(renewal, patientDeadline()));
  }

  /**
   * Runs a release, now or when no halt lasts. It takes no place of a call that is not deferrable,
   * because a client may release 100,000 locks at once.
   */
  public <T> CompletionStage<T> release(Supplier<? extends CompletionStage<T>> release) {
    return releases.submit(release, patientDeadline());
  }

  /** Does what is due. Called a few times a second, by one thread. */
  public void tick() {
    keepAlives.forEach(KeepAliveStream::tick);
    Stream.of(grants, releases, revocations).forEach(CallGate::admit);
    throttle.flushServerBuffers(client);
    pool.tick();
  }

  /** Removes and returns all idle leases, for the caller to revoke. */
  public List<LeaseHandle> drain() {
    return pool.drain();
  }

  /** Ends the streams and fails the queued calls. */
  @Override
  public void close() {
    keepAlives.forEach(KeepAliveStream::close);
    Stream.of(renewals, grants, releases, revocations, queries).forEach(CallGate::close);
  }

  private CallDeadline patientDeadline() {
    return CallDeadline.in(callTimeout.multipliedBy(PATIENCE));
  }
}
