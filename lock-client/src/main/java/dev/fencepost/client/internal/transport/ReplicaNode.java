package dev.fencepost.client.internal.transport;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One address at which a replica may be found. {@link ReplicaPool} changes it; other classes only
 * read it, on any thread.
 */
final class ReplicaNode {
  /** The state of a node. */
  enum Phase {
    /** There is no session, and one may be opened. */
    IDLE,
    /** A session was opened and not welcomed yet. */
    CONNECTING,
    /** The session is open. */
    OPEN,
    /** Its replica drains and takes no new operations. */
    DRAINING,
    /** It failed and is not used for a while. */
    BACKING_OFF
  }

  final ReplicaAddress address;

  /** The user named it: it is used when no other is known, and never forgotten. */
  final boolean isSeed;

  volatile Phase phase = Phase.IDLE;
  volatile @Nullable SessionStream session;
  volatile @Nullable ManagedChannel channel;
  private volatile @Nullable Identity identity;
  private volatile @Nullable Identity former;
  private volatile boolean wasMet;

  /**
   * Consecutive connection failures; reset when the replica answers or when another replica is
   * expected at this address.
   */
  volatile int failures;

  long backoffUntilNanos;

  /**
   * A second connection to the same address, not welcomed yet, because this one does not answer.
   */
  volatile @Nullable ReplicaNode successor;

  /** The connection was made with a certificate that was exchanged since. */
  volatile boolean isOutdated;

  /** The replica at this address, as far as known. */
  private record Identity(String id, long hash) {}

  ReplicaNode(ReplicaAddress address, boolean isSeed) {
    this.address = address;
    this.isSeed = isSeed;
  }

  /** Records that the replica at this address said its own id. */
  void recordWelcome(String replicaId) {
    identify(replicaId);
    failures = 0;
    wasMet = true;
  }

  /** Records that other replicas reported this id for the address. */
  void expectReplica(String replicaId) {
    Identity last = identity == null ? former : identity;
    if (last != null && !last.id.equals(replicaId)) {
      // The failures were those of another replica. Connect without a pause, like all other
      // clients, so that the waiters of a lock meet at one replica.
      failures = 0;
      if (phase == Phase.BACKING_OFF) {
        phase = Phase.IDLE;
      }
    }
    identify(replicaId);
  }

  /** Forgets the replica, because the next one at this address may be another. */
  void forgetIdentity() {
    former = identity == null ? former : identity;
    identity = null;
  }

  private void identify(String replicaId) {
    identity = new Identity(replicaId, RendezvousHash.hash(replicaId));
  }

  /** Whether a replica was ever connected at this address. */
  boolean wasMet() {
    return wasMet;
  }

  boolean isIdentified() {
    return identity != null;
  }

  boolean isReplica(String replicaId) {
    Identity known = identity;
    return known != null && known.id.equals(replicaId);
  }

  /** Returns a lock's weight for the replica. */
  long weight(long lockHash) {
    Identity known = identity;
    return known == null ? Long.MIN_VALUE : RendezvousHash.weight(lockHash, known.hash);
  }

  /** Whether operations may be sent there, now or after it is connected. */
  boolean isUsable() {
    return switch (phase) {
      case IDLE, CONNECTING, OPEN -> true;
      case DRAINING, BACKING_OFF -> false;
    };
  }

  /** Whether it is worth waiting for. A node that failed must first be connected again. */
  boolean isPromising() {
    return isOpen() || (isUsable() && failures == 0);
  }

  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  /** Whether a liveness probe is unanswered. */
  boolean isSuspect() {
    SessionStream current = session;
    return current != null && current.isSuspect();
  }

  /** Whether there is a connection, or soon may be. */
  boolean isConnected() {
    return isOpen() || phase == Phase.CONNECTING;
  }

  /** Whether another connection to the same replica is better than this one. */
  boolean isReplaceable() {
    return isOutdated || isSuspect();
  }

  /** Ends a session that was replaced: at once if it does not answer, else after its results. */
  static void retire(SessionStream session, Status replaced) {
    if (session.isSuspect()) {
      session.end(replaced);
    } else {
      session.drain();
    }
  }

  /** Gives up the session. No other one is opened before that moment. */
  void backOffUntil(long nanos) {
    session = null;
    channel = null;
    backoffUntilNanos = nanos;
    if (isSeed || phase == Phase.DRAINING) {
      // The next replica at this address may be another.
      forgetIdentity();
    }
    phase = Phase.BACKING_OFF;
  }

  /** Creates a second connection to the same replica. It replaces this node if it is welcomed. */
  ReplicaNode createSuccessor() {
    ReplicaNode next = new ReplicaNode(address, isSeed);
    next.identity = identity;
    next.failures = failures;
    next.wasMet = wasMet;
    successor = next;
    return next;
  }

  /** Returns the session if it accepts operations. */
  @Nullable SessionStream usableSession() {
    SessionStream current = session;
    return isUsable() && current != null && current.acceptsOperations() ? current : null;
  }

  @Override
  public String toString() {
    Identity known = identity;
    return known == null ? address.toString() : known.id + " at " + address;
  }
}
