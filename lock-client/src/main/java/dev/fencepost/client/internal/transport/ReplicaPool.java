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
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of the service, a session with each that is needed, and which of them a lock's
 * operations go to. Thread-safe; routing takes no lock.
 */
public final class ReplicaPool implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaPool.class);

  /** While no connection answers, others are begun one after the other. */
  private static final long REACH_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Function<ReplicaAddress, ManagedChannel> connector;
  private final ClientClock clock;
  private final Random random;
  private final ReconnectBackoff pause;
  private final TimingWheel<SessionStream> sessions;
  private final SessionContext sessionContext;
  private final TimingWheel<ReplicaPool> self;
  private final ReplicaPoolListener listener;
  private final AddressBook addressBook = new AddressBook();
  private volatile String lastFailure = "no server was asked yet";
  private volatile @Nullable Welcome welcome;
  private volatile boolean isClosed;
  private long nextReachNanos;

  public ReplicaPool(TransportSetup setup, RoundScheduler scheduler, ReplicaPoolListener listener) {
    this.connector = setup.connector();
    this.clock = setup.clock();
    this.random = setup.random();
    this.pause = new ReconnectBackoff(random);
    this.sessions = scheduler.newSet();
    this.sessionContext = setup.sessionContext(sessions);
    this.self = scheduler.newSet();
    this.listener = listener;
    self.add(this);
  }

  /** Names addresses at which replicas may be found, and begins to connect. */
  public void seed(List<ReplicaAddress> addresses) {
    List<ReplicaAddress> shuffled = new ArrayList<>(addresses);
    // Not all clients to the first of the list.
    Collections.shuffle(shuffled, random);
    synchronized (this) {
      addressBook.seed(shuffled);
    }
    route(0);
  }

  /** The session for a lock's operations, connecting if need be; null if there is none now. */
  public @Nullable SessionStream route(long lockHash) {
    ReplicaNode node = ReplicaRouter.preferred(addressBook.nodes(), lockHash);
    if (node == null || isClosed) {
      return null;
    }
    return node.phase == ReplicaNode.Phase.IDLE ? connect(node) : node.usableSession();
  }

  /** A session that answers now, the lock's own if possible; null if there is none. */
  public @Nullable SessionStream open(long lockHash) {
    ReplicaNode node = ReplicaRouter.open(addressBook.nodes(), lockHash);
    return node == null ? null : node.usableSession();
  }

  /**
   * As {@link #open}; else one that may be welcomed soon. If what there is does not answer, another
   * connection is begun, and {@link ReplicaPoolListener#usable} tells of it.
   */
  public @Nullable SessionStream openSoon(long lockHash) {
    SessionStream session = open(lockHash);
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

  /** An answer on a session is overdue: it, and all that were as quiet, are put to the question. */
  public void suspect(SessionStream overdue, long quietNanos) {
    overdue.suspect();
    addressBook.stream()
        .filter(ReplicaNode::isOpen)
        .map(node -> node.session)
        .filter(session -> session != null && session.isQuietFor(quietNanos))
        .forEach(SessionStream::suspect);
  }

  public boolean isReady() {
    return addressBook.has(ReplicaNode::isOpen);
  }

  public int openSessions() {
    return (int) addressBook.stream().filter(ReplicaNode::isOpen).count();
  }

  /** The target's name could not be looked up. */
  public void unresolved(Exception why) {
    lastFailure = "the target's name is not known: " + why.getMessage();
    LOG.warn("{}", lastFailure);
  }

  /** Why there is no session, for people. */
  public String lastFailure() {
    return lastFailure;
  }

  /** What a server said of itself and its limits when it was last met; null before the first. */
  public @Nullable Welcome welcome() {
    return welcome;
  }

  /** The server says that it drains, with an operation's failure or with a notice. */
  public void leave(SessionStream session) {
    boolean left = false;
    synchronized (this) {
      for (ReplicaNode node : addressBook.nodes()) {
        if (node.session == session && node.phase == ReplicaNode.Phase.OPEN) {
          node.phase = ReplicaNode.Phase.LEAVING;
          left = true;
        }
      }
    }
    if (left) {
      LOG.info("a replica drains; its locks are kept through the others");
      session.leave();
      listener.changed();
      listener.usable();
    }
  }

  /** The living replicas, as one of them tells. */
  public synchronized void learn(List<Replica> replicas) {
    addressBook.learn(replicas);
  }

  /** Does something of which what is sent travels together. */
  public void together(Runnable work) {
    List<SessionStream> corked = new ArrayList<>();
    forEachSession(
        session -> {
          if (session.cork()) {
            corked.add(session);
          }
        });
    try {
      work.run();
    } finally {
      corked.forEach(SessionStream::uncork);
    }
  }

  /** Says goodbye to all. */
  public void leaveAll() {
    isClosed = true;
    forEachSession(SessionStream::leave);
  }

  /** Whether all streams have ended. */
  public boolean areAllOver() {
    return sessions.size() == 0;
  }

  /** Ends what is left. */
  public void close() {
    isClosed = true;
    forEachSession(session -> session.end(Status.CANCELLED.withDescription("the client closed")));
    self.remove(this);
  }

  @Override
  public long dueNanos() {
    long due = ClientClock.NEVER;
    for (ReplicaNode node : addressBook.nodes()) {
      if (node.phase == ReplicaNode.Phase.RESTING) {
        due = Math.min(due, node.restsUntilNanos);
      }
    }
    return due;
  }

  @Override
  public void run(long nowNanos) {
    List<ReplicaNode> rested = new ArrayList<>();
    synchronized (this) {
      for (ReplicaNode node : addressBook.nodes()) {
        if (node.phase == ReplicaNode.Phase.RESTING && nowNanos >= node.restsUntilNanos) {
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

  private void forEachSession(Consumer<SessionStream> action) {
    sessions.forEach(action);
  }

  private synchronized @Nullable SessionStream connect(ReplicaNode node) {
    if (isClosed || node.phase != ReplicaNode.Phase.IDLE) {
      return node.usableSession();
    }
    node.phase = ReplicaNode.Phase.CONNECTING;
    ManagedChannel channel = connector.apply(node.address);
    node.channel = channel;
    SessionStream session =
        SessionStream.open(channel, sessionContext, new NodeSessionEvents(node, channel));
    // It may have failed already, and then the node rests.
    node.session = session.phase() == SessionStream.Phase.OVER ? null : session;
    return node.usableSession();
  }

  /** One more connection: what is overdue cannot wait for one that does not answer. */
  private synchronized void connectNext(long lockHash) {
    long now = clock.nanos();
    ReplicaNode next =
        now < nextReachNanos ? null : ReplicaRouter.next(addressBook.nodes(), lockHash, now);
    if (next != null && !isClosed) {
      nextReachNanos = now + REACH_EVERY_NANOS;
      connect(next.isOpen() ? next.beginSuccessor() : next);
    }
  }

  private void opened(ReplicaNode node, SessionStream session, Welcome greeting) {
    String id = greeting.getServer().getReplicaId();
    boolean isNeeded;
    List<SessionStream> dead;
    synchronized (this) {
      Predicate<ReplicaNode> isSame = other -> other != node && other.isOpen() && other.is(id);
      isNeeded = !addressBook.has(other -> isSame.test(other) && !other.isSuspect());
      dead =
          addressBook.stream()
              .filter(isSame.and(ReplicaNode::isSuspect))
              .map(each -> each.session)
              .toList();
      succeed(node, isNeeded);
      boolean sameStore = isSameStore(greeting);
      node.meet(id);
      node.session = session;
      node.phase = isNeeded && sameStore ? ReplicaNode.Phase.OPEN : ReplicaNode.Phase.LEAVING;
      if (sameStore) {
        welcome = greeting;
      } else {
        lastFailure = node + " has another store than the other replicas";
        LOG.error("{}: it is not used", lastFailure);
        isNeeded = false;
      }
    }
    if (!isNeeded) {
      session.leave();
      return;
    }
    Status replaced = Status.UNAVAILABLE.withDescription("another connection answers instead");
    dead.forEach(each -> each.end(replaced));
    LOG.debug("session {} with {}", greeting.getSessionId(), node);
    learn(greeting.getServer().getReplicasList());
    // What a server tells at once may be a little old.
    listener.changed();
    listener.usable();
  }

  /** A second connection was welcomed, or was not: it takes the place of the first, or none. */
  private synchronized void succeed(ReplicaNode node, boolean isNeeded) {
    ReplicaNode old = addressBook.predecessorOf(node);
    if (old != null) {
      old.successor = null;
      if (isNeeded) {
        addressBook.replace(old, node);
      } else {
        old.restsUntilNanos = clock.nanos() + pause.nanosAfter(old.failures++);
      }
    }
  }

  private boolean isSameStore(Welcome greeting) {
    Welcome known = welcome;
    return known == null
        || !isReady()
        || known.getServer().getStoreId().equals(greeting.getServer().getStoreId());
  }

  private void over(ReplicaNode node, ManagedChannel channel, Status why) {
    channel.shutdownNow();
    synchronized (this) {
      if (node.channel != channel) {
        return;
      }
      lastFailure = node + ": " + CallFailure.describe(why);
      node.session = null;
      node.channel = null;
      succeed(node, false);
      node.restsUntilNanos = clock.nanos() + pause.nanosAfter(node.failures);
      node.failures++;
      if (node.isSeed || node.phase == ReplicaNode.Phase.LEAVING) {
        // Whoever listens there next is another.
        node.forgetIdentity();
      }
      node.phase = ReplicaNode.Phase.RESTING;
    }
    if (!isClosed) {
      LOG.debug("no session: {}", lastFailure);
      self.touch(this);
      if (!isReady()) {
        route(0);
      } else if (!node.wasMet()) {
        askStranger();
      }
    }
    listener.changed();
    // What found no way while this one was about to connect may have waited for it.
    listener.usable();
  }

  /** A replica may not be where it says it is, but at an address that the user named. */
  private void askStranger() {
    addressBook.stream()
        .filter(node -> node.isSeed && !node.isIdentified() && node.phase == ReplicaNode.Phase.IDLE)
        .findFirst()
        .ifPresent(this::connect);
  }

  /** Hears what happens to a node's session. */
  private final class NodeSessionEvents implements SessionEvents {
    private final ReplicaNode node;
    private final ManagedChannel channel;

    NodeSessionEvents(ReplicaNode node, ManagedChannel channel) {
      this.node = node;
      this.channel = channel;
    }

    @Override
    public void opened(SessionStream session, Welcome greeting) {
      ReplicaPool.this.opened(node, session, greeting);
    }

    @Override
    public void draining(SessionStream session, Drain drain) {
      learn(drain.getReplicasList());
      leave(session);
    }

    @Override
    public void lost(GrantLost lost) {
      listener.lost(lost);
    }

    @Override
    public void alive(SessionStream session) {
      node.failures = 0;
      listener.usable();
    }

    @Override
    public void over(SessionStream session, Status why) {
      ReplicaPool.this.over(node, channel, why);
    }

    @Override
    public void together(Runnable work) {
      ReplicaPool.this.together(work);
    }
  }
}
