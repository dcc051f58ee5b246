package dev.fencepost.client.internal.transport;

import io.grpc.ManagedChannel;
import org.jspecify.annotations.Nullable;

/**
 * One address at which a replica may be found. {@link ReplicaPool} moves it; others only read, on
 * any thread.
 */
final class ReplicaNode {
  /** What a node is at the moment. */
  enum Phase {
    /** No session, and one may be opened. */
    IDLE,
    /** A session has yet to be welcomed. */
    CONNECTING,
    /** A session is open. */
    OPEN,
    /** Its replica drains: no new operations. */
    LEAVING,
    /** It failed and is left alone for a while. */
    RESTING
  }

  final ReplicaAddress address;

  /** Named by the user: asked when nobody else is known, and never forgotten. */
  final boolean isSeed;

  volatile Phase phase = Phase.IDLE;
  volatile @Nullable SessionStream session;
  volatile @Nullable ManagedChannel channel;
  private volatile @Nullable Identity identity;
  private volatile @Nullable Identity former;
  private volatile boolean wasMet;

  /** In a row, until it is met or another is expected there. */
  volatile int failures;

  long restsUntilNanos;

  /** Another connection to the same address, not welcomed yet, since this one does not answer. */
  volatile @Nullable ReplicaNode successor;

  /** The replica that listens there, as far as known. */
  private record Identity(String id, long hash) {}

  ReplicaNode(ReplicaAddress address, boolean isSeed) {
    this.address = address;
    this.isSeed = isSeed;
  }

  /** It says itself who it is. */
  void meet(String replicaId) {
    identify(replicaId);
    failures = 0;
    wasMet = true;
  }

  /** Others say who listens there. */
  void expect(String replicaId) {
    Identity last = identity == null ? former : identity;
    if (last != null && !last.id.equals(replicaId)) {
      // What failed was another. All clients should come at the same time: a lock's waiters meet.
      failures = 0;
      if (phase == Phase.RESTING) {
        phase = Phase.IDLE;
      }
    }
    identify(replicaId);
  }

  /** Whoever listens there next may be another. */
  void forgetIdentity() {
    former = identity == null ? former : identity;
    identity = null;
  }

  private void identify(String replicaId) {
    identity = new Identity(replicaId, RendezvousHash.hash(replicaId));
  }

  /** Whether a replica was ever met there. */
  boolean wasMet() {
    return wasMet;
  }

  boolean isIdentified() {
    return identity != null;
  }

  boolean is(String replicaId) {
    Identity known = identity;
    return known != null && known.id.equals(replicaId);
  }

  /** How much a lock prefers the replica. */
  long weight(long lockHash) {
    Identity known = identity;
    return known == null ? Long.MIN_VALUE : RendezvousHash.weight(lockHash, known.hash);
  }

  /** Whether operations may be sent there, now or once it is connected. */
  boolean isUsable() {
    return switch (phase) {
      case IDLE, CONNECTING, OPEN -> true;
      case LEAVING, RESTING -> false;
    };
  }

  /** Whether it may be waited for: one that failed comes back before anything is sent there. */
  boolean isPromising() {
    return isOpen() || (isUsable() && failures == 0);
  }

  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  /** Whether it has yet to answer a question about its life. */
  boolean isSuspect() {
    SessionStream current = session;
    return current != null && current.isSuspect();
  }

  /**
   * A second connection to the same replica, which takes the place of this one if it is welcomed.
   */
  ReplicaNode beginSuccessor() {
    ReplicaNode next = new ReplicaNode(address, isSeed);
    next.identity = identity;
    next.failures = failures;
    next.wasMet = wasMet;
    successor = next;
    return next;
  }

  /** The session, if operations may be added to it. */
  @Nullable SessionStream usableSession() {
    SessionStream current = session;
    return isUsable() && current != null && current.isOpenForMore() ? current : null;
  }

  @Override
  public String toString() {
    Identity known = identity;
    return known == null ? address.toString() : known.id + " at " + address;
  }
}
