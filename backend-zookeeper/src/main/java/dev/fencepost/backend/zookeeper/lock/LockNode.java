package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.Optional;
import org.apache.zookeeper.data.Stat;

/**
 * The data of a lock's node. A write cannot contain its own transaction id and time. So a record
 * may leave its token and its time of acquisition to the node's {@link Stat}, see {@link
 * RecordedToken#here}. A later write contains the values themselves.
 *
 * @param kind kind of the lock's state
 * @param state name of the current state node; empty if idle
 * @param keeper the replica that ends the state when its time is over
 * @param token source of the lock's highest token
 * @param claim the recorded claim: the holder, or the one whose lease expired
 * @param closedFor duration of a closing or a turn; zero for other kinds
 * @param turn the replica that has the turn
 * @param revoked the administrator's reason; else empty
 */
public record LockNode(
    StateKind kind,
    String state,
    ReplicaId keeper,
    RecordedToken token,
    Optional<RecordedClaim> claim,
    Duration closedFor,
    Optional<ReplicaId> turn,
    String revoked) {

  /** The kind of a lock's state. */
  enum StateKind {
    /** Free; only the last token is kept. */
    IDLE,
    /** The holder's lease is running. */
    HELD,
    /** The lease expired and the lock delay is running. */
    DELAYED,
    /** Closed for everybody. */
    CLOSED,
    /** Reserved for one replica. */
    TURN
  }

  /**
   * A token, either as a value or relative to a base, by the write that contains this record.
   *
   * @param value the token itself, or the base's value if {@code isHere}
   * @param position the base's position if {@code isHere}, else 0
   * @param isHere true if the write that contains this record makes the token
   */
  public record RecordedToken(long value, long position, boolean isHere) {
    static RecordedToken of(long value) {
      return new RecordedToken(value, 0, false);
    }

    static RecordedToken here(TokenBase base) {
      return new RecordedToken(base.value(), base.position(), true);
    }

    public long at(Stat stat) {
      return isHere ? value + (stat.getMzxid() - position) : value;
    }
  }

  /**
   * The claim in a record.
   *
   * @param acquiredAtMillis by the ensemble's clock; 0: the time of the write itself
   */
  record RecordedClaim(ClaimId id, Claimant claimant, Lease lease, long acquiredAtMillis) {}

  /** Returns how long the state lasts if no request changes it. */
  Duration duration() {
    return switch (kind) {
      case IDLE -> Duration.ZERO;
      case HELD -> lease().ttl();
      case DELAYED -> lease().lockDelay();
      case CLOSED, TURN -> closedFor;
    };
  }

  /** Replaces the parts that depended on the write itself by their values. */
  LockNode resolved(Stat stat) {
    return new LockNode(
        kind,
        state,
        keeper,
        RecordedToken.of(token.at(stat)),
        claim.map(
            t ->
                new RecordedClaim(
                    t.id(),
                    t.claimant(),
                    t.lease(),
                    t.acquiredAtMillis() == 0 ? stat.getMtime() : t.acquiredAtMillis())),
        closedFor,
        turn,
        revoked);
  }

  LockNode withKeeper(ReplicaId replica) {
    return new LockNode(kind, state, replica, token, claim, closedFor, turn, revoked);
  }

  /** True if the record has all parts that its kind needs. */
  boolean isComplete() {
    return switch (kind) {
      case HELD, DELAYED -> claim.isPresent();
      case TURN -> turn.isPresent();
      case IDLE, CLOSED -> true;
    };
  }

  private Lease lease() {
    return claim.orElseThrow().lease();
  }
}
