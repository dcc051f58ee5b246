package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.Optional;
import org.apache.zookeeper.data.Stat;

/**
 * The data of a lock's node. A write cannot know its own transaction id and time, so a record may
 * leave its token and the time of acquisition to the node's {@link Stat}: {@link Tokens#HERE}. A
 * later write, which knows them, spells them out.
 *
 * @param kind how the lock stands
 * @param state the name of the state node in force; empty if idle
 * @param keeper the replica that ends the state when its time is over
 * @param token where the lock's highest token comes from
 * @param claim the claim on record: the holder, or the one whose lease ran out
 * @param closedFor how long a closing or a turn duration; zero for other kinds
 * @param turn whose turn it is
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

  /** How a lock stands. */
  enum StateKind {
    /** Free; only the last token is kept. */
    IDLE,
    /** A lease runs. */
    HELD,
    /** A lease ran out, its lock delay runs. */
    DELAYED,
    /** Closed for everybody. */
    CLOSED,
    /** Closed for everybody but one replica. */
    TURN
  }

  /**
   * A token, spelled out, or by a base and the position of the write that carries this record.
   *
   * @param value the token itself, or the base's value if {@code isHere}
   * @param position the base's position if {@code isHere}, else 0
   * @param isHere whether the write that carries this made the token
   */
  public record RecordedToken(long value, long position, boolean isHere) {
    static final RecordedToken NONE = new RecordedToken(0, 0, false);

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
   * A claim on record.
   *
   * @param acquiredAtMillis by the store's clock; 0: when this record was written
   */
  record RecordedClaim(ClaimId id, Claimant claimant, Lease lease, long acquiredAtMillis) {}

  /** How long the state duration if nobody does anything. */
  Duration duration() {
    return switch (kind) {
      case IDLE -> Duration.ZERO;
      case HELD -> lease().ttl();
      case DELAYED -> lease().lockDelay();
      case CLOSED, TURN -> closedFor;
    };
  }

  /** The same with everything spelled out that the write itself decided. */
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

  /** Whether it has what its kind needs. */
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
