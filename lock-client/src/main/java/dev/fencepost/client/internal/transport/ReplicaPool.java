package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Replica;
import dev.fencepost.proto.v1.Welcome;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of the service, with a session to each that is needed. It chooses the replica for a
 * lock's operations. Thread-safe; routing takes no lock.
 */
public final class ReplicaPool implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaPool.class);

  /** While no connection answers, further ones are opened at this interval. */
  private static final long CONNECT_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final ReplicaConnector connector;
  private final ConnectFailures failures;
  private final ClientClock clock;
  private final Random random;
  private final ReconnectBackoff backoff;
  private final TimingWheel<SessionStream> sessions;
  private final SessionContext sessionContext;
  private final TimingWheel<ReplicaPool> ownWheel;
  private final ReplicaPoolListener listener;
  private final AddressBook addressBook = new AddressBook();
  private final SessionRenewal renewal;
  private volatile @Nullable Welcome welcome;
  private volatile boolean isClosed;
  private long nextConnectNanos;

  public ReplicaPool(TransportSetup setup, RoundScheduler scheduler, ReplicaPoolListener listener) {
    this.connector = setup.connector();
    this.failures = new ConnectFailures(connector);
    this.clock = setup.clock();
    this.random = setup.random();
    this.backoff = new ReconnectBackoff(random);
    this.sessions = scheduler.newWheel();
    this.sessionContext = setup.sessionContext(sessions);
    this.ownWheel = scheduler.newWheel();
    this.listener = listener;
    ownWheel.add(this);
    this.renewal = new SessionRenewal(addressBook, this::connectAgain, clock, scheduler);
  }

  /** Moves all sessions to new connections, because those before have an old certificate. */
  public synchronized void renewSessions() {
    renewal.begin();
  }

  /** Adds addresses at which replicas may be found, and begins to connect. */
  public void addSeeds(List<ReplicaAddress> addresses) {
    List<ReplicaAddress> shuffled = new ArrayList<>(addresses);
    // Shuffled, so that not all clients connect to the first of the list.
    Collections.shuffle(shuffled, random);
    synchronized (this) {
      addressBook.addSeeds(shuffled);
    }
    route(0);
  }

  /**
   * Returns the session for a lock's operations and connects if needed; null if there is none now.
   */
  public @Nullable SessionStream route(long lockHash) {
    ReplicaNode node = ReplicaRouter.preferred(addressBook.nodes(), lockHash);
    if (node == null || isClosed) {
      return null;
    }
    return node.phase == ReplicaNode.Phase.IDLE ? connect(node) : node.usableSession();
  }

  /** Returns a session that answers now, preferably the lock's own; null if there is none. */
  public @Nullable SessionStream findOpen(long lockHash) {
    ReplicaNode node = ReplicaRouter.bestOpen(addressBook.nodes(), lockHash);
    return node == null ? null : node.usableSession();
  }

  /**
   * As {@link #findOpen}, or else a session that may soon be welcomed. If the existing ones do not
   * answer, it opens another connection and returns null; {@link
   * ReplicaPoolListener#onSessionUsable} reports when it is usable.
   */
  public @Nullable SessionStream findOpenOrConnect(long lockHash) {
    SessionStream session = findOpen(lockHash);
    if (session != null) {
      return session;
    }
    ReplicaNode node = ReplicaRouter.preferred(addressBook.nodes(), lockHash);
    if (node == null || !node.isSuspect()) {
      return route(lockHash);
    }
    connectNext(lockHash);
    return null;
  }

  /**
   * Sends a liveness probe on a session with an overdue answer, and on all sessions that were as
   * quiet.
   */
  public void probeQuietSessions(SessionStream overdue, long quietNanos) {
    overdue.probe();
    addressBook.stream()
        .filter(ReplicaNode::isOpen)
        .map(node -> node.session)
        .filter(session -> session != null && session.isQuietFor(quietNanos))
        .forEach(SessionStream::probe);
  }

  public boolean isReady() {
    return addressBook.anyMatch(ReplicaNode::isOpen);
  }

  public int openSessionCount() {
    return (int) addressBook.stream().filter(ReplicaNode::isOpen).count();
  }

  /** Why there is no session. */
  public ConnectFailures failures() {
    return failures;
  }

  /** The welcome of the last connected server, with its limits; null before the first. */
  public @Nullable Welcome welcome() {
    return welcome;
  }

  /**
   * Stops using a session because its server drains, as an operation's failure or a notice says.
   */
  public void markDraining(SessionStream session) {
    boolean left = false;
    synchronized (this) {
      for (ReplicaNode node : addressBook.nodes()) {
        if (node.session == session && node.phase == ReplicaNode.Phase.OPEN) {
          node.phase = ReplicaNode.Phase.DRAINING;
          left = true;
        }
      }
    }
    if (left) {
      LOG.info("a replica drains; its locks are renewed through the others");
      session.drain();
      listener.onReplicasChanged();
      listener.onSessionUsable();
    }
  }

  /** Takes over a replica's list of living replicas. */
  public synchronized void learnReplicas(List<Replica> replicas) {
    addressBook.update(replicas);
  }

  /** Runs the work and groups what it sends into one write per session. */
  public void groupWrites(Runnable work) {
    WriteGroup.run(sessions, work);
  }

  /** Ends all sessions after their last result. */
  public void sayGoodbyes() {
    isClosed = true;
    sessions.forEach(SessionStream::drain);
  }

  /** Whether all streams have ended. */
  public boolean hasNoSessions() {
    return sessions.size() == 0;
  }

  /** Ends the remaining sessions at once. */
  public void close() {
    isClosed = true;
    sessions.forEach(session -> session.end(Status.CANCELLED.withDescription("the client closed")));
    ownWheel.remove(this);
    renewal.close();
  }

  @Override
  public long dueNanos() {
    return addressBook.backoffEndNanos();
  }

  @Override
  public void run(long nowNanos) {
    List<ReplicaNode> rested = new ArrayList<>();
    synchronized (this) {
      for (ReplicaNode node : addressBook.nodes()) {
        if (node.phase == ReplicaNode.Phase.BACKING_OFF && nowNanos >= node.backoffUntilNanos) {
          node.phase = ReplicaNode.Phase.IDLE;
          rested.add(node);
        }
      }
    }
    for (ReplicaNode node : rested) {
      if (node.isIdentified() || !isReady()) {
        connect(node);
      }
    }
  }

  private synchronized @Nullable SessionStream connect(ReplicaNode node) {
    if (isClosed || node.phase != ReplicaNode.Phase.IDLE) {
      return node.usableSession();
    }
    node.phase = ReplicaNode.Phase.CONNECTING;
    node.isOutdated = false;
    ManagedChannel channel;
    try {
      channel = connector.connect(node.address);
    } catch (RuntimeException | Error e) {
      // The address may be no valid one, since other replicas report it.
      backOff(node, Status.UNAVAILABLE.withDescription(String.valueOf(e)));
      // Not here, since this thread holds the lock.
      SessionCallListener.offload(sessionContext.offload(), () -> onBackedOff(node));
      return null;
    }
    node.channel = channel;
    SessionStream session =
        SessionStream.open(channel, sessionContext, new NodeSessionEvents(node, channel));
    // It may have failed already; then the node backs off.
    node.session = session.phase() == SessionStream.Phase.OVER ? null : session;
    return node.usableSession();
  }

  private synchronized void connectAgain(ReplicaNode node) {
    connect(node.createSuccessor());
  }

  /** Opens one more connection: overdue operations cannot wait for one that does not answer. */
  private synchronized void connectNext(long lockHash) {
    long now = clock.nanos();
    ReplicaNode next =
        now < nextConnectNanos
            ? null
            : ReplicaRouter.nextToConnect(addressBook.nodes(), lockHash, now);
    if (next != null && !isClosed) {
      nextConnectNanos = now + CONNECT_EVERY_NANOS;
      connect(next.isOpen() ? next.createSuccessor() : next);
    }
  }

  private void onOpened(ReplicaNode node, SessionStream session, Welcome greeting) {
    String id = greeting.getServer().getReplicaId();
    boolean isNeeded;
    List<SessionStream> dead;
    synchronized (this) {
      Predicate<ReplicaNode> isSame =
          other -> other != node && other.isOpen() && other.isReplica(id);
      isNeeded = !addressBook.anyMatch(other -> isSame.test(other) && !other.isReplaceable());
      dead =
          addressBook.stream()
              .filter(isSame.and(ReplicaNode::isReplaceable))
              .map(each -> each.session)
              .toList();
      replacePredecessor(node, isNeeded);
      boolean sameStore = isSameStore(greeting);
      node.recordWelcome(id);
      node.session = session;
      node.phase = isNeeded && sameStore ? ReplicaNode.Phase.OPEN : ReplicaNode.Phase.DRAINING;
      if (sameStore) {
        welcome = greeting;
      } else {
        failures.record(node + " has another store than the other replicas");
        LOG.error("{}: it is not used", failures.text());
        isNeeded = false;
      }
    }
    if (!isNeeded) {
      session.drain();
      return;
    }
    Status replaced = Status.UNAVAILABLE.withDescription("another connection answers instead");
    dead.forEach(each -> ReplicaNode.retire(each, replaced));
    LOG.debug("session {} with {}", greeting.getSessionId(), node);
    learnReplicas(greeting.getServer().getReplicasList());
    // The list in a welcome may be a little old.
    listener.onReplicasChanged();
    listener.onSessionUsable();
  }

  /**
   * Ends the attempt of a second connection: it replaces the first if it was welcomed and is
   * needed.
   */
  private synchronized void replacePredecessor(ReplicaNode node, boolean isNeeded) {
    ReplicaNode old = addressBook.predecessorOf(node);
    if (old != null) {
      old.successor = null;
      if (isNeeded) {
        addressBook.replace(old, node);
      } else {
        old.backoffUntilNanos = clock.nanos() + backoff.nanosAfter(old.failures++);
      }
    }
  }

  private boolean isSameStore(Welcome greeting) {
    Welcome known = welcome;
    return known == null
        || !isReady()
        || known.getServer().getStoreId().equals(greeting.getServer().getStoreId());
  }

  private void onOver(ReplicaNode node, ManagedChannel channel, Status why) {
    channel.shutdownNow();
    synchronized (this) {
      if (node.channel != channel) {
        return;
      }
      backOff(node, why);
    }
    onBackedOff(node);
  }

  private synchronized void backOff(ReplicaNode node, Status why) {
    failures.record(node, why, node.phase != ReplicaNode.Phase.CONNECTING);
    replacePredecessor(node, false);
    node.backOffUntil(clock.nanos() + backoff.nanosAfter(node.failures++));
  }

  private void onBackedOff(ReplicaNode node) {
    if (!isClosed) {
      LOG.debug("no session: {}", failures.text());
      ownWheel.reschedule(this);
      if (!isReady()) {
        route(0);
      } else if (!node.wasMet()) {
        addressBook.findUnknownSeed().ifPresent(this::connect);
      }
    }
    listener.onReplicasChanged();
    // Operations without a session may have waited for this connection.
    listener.onSessionUsable();
  }

  /** Receives the events of one node's session. */
  private final class NodeSessionEvents implements SessionEvents {
    private final ReplicaNode node;
    private final ManagedChannel channel;

    NodeSessionEvents(ReplicaNode node, ManagedChannel channel) {
      this.node = node;
      this.channel = channel;
    }

    @Override
    public void onOpened(SessionStream session, Welcome greeting) {
      ReplicaPool.this.onOpened(node, session, greeting);
    }

    @Override
    public void onDraining(SessionStream session, Drain drain) {
      learnReplicas(drain.getReplicasList());
      markDraining(session);
    }

    @Override
    public void onGrantLost(GrantLost lost) {
      listener.onGrantLost(lost);
    }

    @Override
    public void onAlive(SessionStream session) {
      node.failures = 0;
      listener.onSessionUsable();
    }

    @Override
    public void onOver(SessionStream session, Status why) {
      ReplicaPool.this.onOver(node, channel, why);
    }

    @Override
    public void groupWrites(Runnable work) {
      ReplicaPool.this.groupWrites(work);
    }
  }
}
