package dev.fencepost.client;

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
final class Replicas implements Due {
  private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

  /** While no connection answers, others are begun one after the other. */
  private static final long REACH_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Function<HostPort, ManagedChannel> connector;
  private final ClientClock clock;
  private final Random random;
  private final ReconnectPause pause;
  private final DueSet<Session> sessions;
  private final Session.Surroundings around;
  private final DueSet<Replicas> self;
  private final Listener listener;
  private final Roster roster = new Roster();
  private volatile String lastFailure = "no server was asked yet";
  private volatile @Nullable Welcome welcome;
  private volatile boolean isClosed;
  private long nextReachNanos;

  /** Is told on any thread, outside of all locks. */
  interface Listener {
    /** Operations that found no way may find one now. */
    void usable();

    /** A server says that a grant of this client has ended. */
    void lost(GrantLost lost);

    /** A replica came or went: others may have too. */
    void changed();
  }

  Replicas(ClientSetup setup, Agenda agenda, Listener listener) {
    this.connector = setup.connector();
    this.clock = setup.clock();
    this.random = setup.random();
    this.pause = new ReconnectPause(random);
    this.sessions = agenda.newSet();
    this.around = new Session.Surroundings(setup.hello(), clock, setup.apart(), sessions);
    this.self = agenda.newSet();
    this.listener = listener;
    self.add(this);
  }

  /** Names addresses at which replicas may be found, and begins to connect. */
  void seed(List<HostPort> addresses) {
    List<HostPort> shuffled = new ArrayList<>(addresses);
    // Not all clients to the first of the list.
    Collections.shuffle(shuffled, random);
    synchronized (this) {
      roster.seed(shuffled);
    }
    route(0);
  }

  /** The session for a lock's operations, connecting if need be; null if there is none now. */
  @Nullable Session route(long lockHash) {
    Node node = Router.preferred(roster.nodes(), lockHash);
    if (node == null || isClosed) {
      return null;
    }
    return node.phase == Node.Phase.IDLE ? connect(node) : node.usableSession();
  }

  /** A session that answers now, the lock's own if possible; null if there is none. */
  @Nullable Session open(long lockHash) {
    Node node = Router.open(roster.nodes(), lockHash);
    return node == null ? null : node.usableSession();
  }

  /**
   * As {@link #open}; else one that may be welcomed soon. If what there is does not answer, another
   * connection is begun, and {@link Listener#usable} tells of it.
   */
  @Nullable Session openSoon(long lockHash) {
    Session session = open(lockHash);
    if (session != null) {
      return session;
    }
    Node node = Router.preferred(roster.nodes(), lockHash);
    if (node == null || !node.isSuspect()) {
      return route(lockHash);
    }
    reach(lockHash);
    return null;
  }

  /** An answer on a session is overdue: it, and all that were as quiet, are put to the question. */
  void suspect(Session overdue, long quietNanos) {
    overdue.suspect();
    roster.stream()
        .filter(Node::isOpen)
        .map(node -> node.session)
        .filter(session -> session != null && session.isQuietFor(quietNanos))
        .forEach(Session::suspect);
  }

  boolean isReady() {
    return roster.has(Node::isOpen);
  }

  int openSessions() {
    return (int) roster.stream().filter(Node::isOpen).count();
  }

  /** The target's name could not be looked up. */
  void unresolved(Exception why) {
    lastFailure = "the target's name is not known: " + why.getMessage();
    LOG.warn("{}", lastFailure);
  }

  /** Why there is no session, for people. */
  String lastFailure() {
    return lastFailure;
  }

  /** What a server said of itself and its limits when it was last met; null before the first. */
  @Nullable Welcome welcome() {
    return welcome;
  }

  /** The server says that it drains, with an operation's failure or with a notice. */
  void leave(Session session) {
    boolean left = false;
    synchronized (this) {
      for (Node node : roster.nodes()) {
        if (node.session == session && node.phase == Node.Phase.OPEN) {
          node.phase = Node.Phase.LEAVING;
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
  synchronized void learn(List<Replica> replicas) {
    roster.learn(replicas);
  }

  /** Does something of which what is sent travels together. */
  void together(Runnable work) {
    List<Session> corked = new ArrayList<>();
    forEachSession(
        session -> {
          if (session.cork()) {
            corked.add(session);
          }
        });
    try {
      work.run();
    } finally {
      corked.forEach(Session::uncork);
    }
  }

  /** Says goodbye to all. */
  void leaveAll() {
    isClosed = true;
    forEachSession(Session::leave);
  }

  /** Whether all streams have ended. */
  boolean areAllOver() {
    return sessions.size() == 0;
  }

  /** Ends what is left. */
  void close() {
    isClosed = true;
    forEachSession(session -> session.end(Status.CANCELLED.withDescription("the client closed")));
    self.remove(this);
  }

  @Override
  public long dueNanos() {
    long due = ClientClock.NEVER;
    for (Node node : roster.nodes()) {
      if (node.phase == Node.Phase.RESTING) {
        due = Math.min(due, node.restsUntilNanos);
      }
    }
    return due;
  }

  @Override
  public void run(long nowNanos) {
    List<Node> rested = new ArrayList<>();
    synchronized (this) {
      for (Node node : roster.nodes()) {
        if (node.phase == Node.Phase.RESTING && nowNanos >= node.restsUntilNanos) {
          node.phase = Node.Phase.IDLE;
          rested.add(node);
        }
      }
    }
    for (Node node : rested) {
      if (node.isIdentified() || !isReady()) {
        connect(node);
      }
    }
  }

  private void forEachSession(Consumer<Session> action) {
    sessions.forEach(action);
  }

  private synchronized @Nullable Session connect(Node node) {
    if (isClosed || node.phase != Node.Phase.IDLE) {
      return node.usableSession();
    }
    node.phase = Node.Phase.CONNECTING;
    ManagedChannel channel = connector.apply(node.address);
    node.channel = channel;
    Session session = Session.open(channel, around, new Caretaker(node, channel));
    // It may have failed already, and then the node rests.
    node.session = session.phase() == Session.Phase.OVER ? null : session;
    return node.usableSession();
  }

  /** One more connection: what is overdue cannot wait for one that does not answer. */
  private synchronized void reach(long lockHash) {
    long now = clock.nanos();
    Node next = now < nextReachNanos ? null : Router.next(roster.nodes(), lockHash, now);
    if (next != null && !isClosed) {
      nextReachNanos = now + REACH_EVERY_NANOS;
      connect(next.isOpen() ? next.beginSuccessor() : next);
    }
  }

  private void opened(Node node, Session session, Welcome greeting) {
    String id = greeting.getServer().getReplicaId();
    boolean isNeeded;
    List<Session> dead;
    synchronized (this) {
      Predicate<Node> isSame = other -> other != node && other.isOpen() && other.is(id);
      isNeeded = !roster.has(other -> isSame.test(other) && !other.isSuspect());
      dead = roster.stream().filter(isSame.and(Node::isSuspect)).map(each -> each.session).toList();
      succeed(node, isNeeded);
      boolean sameStore = isSameStore(greeting);
      node.meet(id);
      node.session = session;
      node.phase = isNeeded && sameStore ? Node.Phase.OPEN : Node.Phase.LEAVING;
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
  private synchronized void succeed(Node node, boolean isNeeded) {
    Node old = roster.predecessorOf(node);
    if (old != null) {
      old.successor = null;
      if (isNeeded) {
        roster.replace(old, node);
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

  private void over(Node node, ManagedChannel channel, Status why) {
    channel.shutdownNow();
    synchronized (this) {
      if (node.channel != channel) {
        return;
      }
      lastFailure = node + ": " + Trouble.describe(why);
      node.session = null;
      node.channel = null;
      succeed(node, false);
      node.restsUntilNanos = clock.nanos() + pause.nanosAfter(node.failures);
      node.failures++;
      if (node.isSeed || node.phase == Node.Phase.LEAVING) {
        // Whoever listens there next is another.
        node.forgetIdentity();
      }
      node.phase = Node.Phase.RESTING;
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
    roster.stream()
        .filter(node -> node.isSeed && !node.isIdentified() && node.phase == Node.Phase.IDLE)
        .findFirst()
        .ifPresent(this::connect);
  }

  /** Hears what happens to a node's session. */
  private final class Caretaker implements Session.Owner {
    private final Node node;
    private final ManagedChannel channel;

    Caretaker(Node node, ManagedChannel channel) {
      this.node = node;
      this.channel = channel;
    }

    @Override
    public void opened(Session session, Welcome greeting) {
      Replicas.this.opened(node, session, greeting);
    }

    @Override
    public void draining(Session session, Drain drain) {
      learn(drain.getReplicasList());
      leave(session);
    }

    @Override
    public void lost(GrantLost lost) {
      listener.lost(lost);
    }

    @Override
    public void alive(Session session) {
      node.failures = 0;
      listener.usable();
    }

    @Override
    public void over(Session session, Status why) {
      Replicas.this.over(node, channel, why);
    }

    @Override
    public void together(Runnable work) {
      Replicas.this.together(work);
    }
  }
}
