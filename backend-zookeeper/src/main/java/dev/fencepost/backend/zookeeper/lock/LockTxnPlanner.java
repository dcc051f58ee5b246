package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.zookeeper.data.ACL;

/**
 * Turns changes of a lock into transactions. Each transaction that replaces a state deletes that
 * state's node, and no state's name is used twice. So a late command cannot end a newer state, and
 * a transaction that was planned from a wrong guess is refused. Versions could not guarantee that,
 * because a recreated node starts at version 0 again.
 *
 * <p>Safe for use by many threads.
 */
public final class LockTxnPlanner {
  private final ZookeeperSchema schema;
  private final ReplicaId self;
  private final List<ACL> acl;
  private final OwnQueueNodes queueNodes;
  private final String statePrefix;
  private final AtomicLong states = new AtomicLong();

  /**
   * Creates the planner of one replica.
   *
   * @param random a new number for each instance
   */
  public LockTxnPlanner(
      ZookeeperSchema schema,
      ReplicaId self,
      List<ACL> acl,
      OwnQueueNodes queueNodes,
      long random) {
    this.schema = schema;
    this.self = self;
    this.acl = acl;
    this.queueNodes = queueNodes;
    this.statePrefix = ZookeeperSchema.STATE_PREFIX + self + "-" + Long.toHexString(random) + "-";
  }

  /** True if the change renews a grant, which writes the record again although it stays equal. */
  static boolean isRenewal(RecordChange<?> change) {
    Object outcome = change.transition().outcome();
    Object answer = outcome instanceof HandOver handOver ? handOver.got() : outcome;
    return answer instanceof Renewal.Renewed
        || (answer instanceof Attempt.Granted granted
            && granted.grant().origin() == Grant.Origin.EXISTING);
  }

  /** Writes the difference between two records of the same moment. */
  LockTxn change(LockSnapshot snapshot, RecordChange<?> change, TokenBase base) {
    LockRecord before = change.before();
    LockRecord after = change.after();
    long now = change.nowMicros();
    boolean holds = after.ownership().filter(t -> now < t.expiresAtMicros()).isPresent();
    LockTxn txn = txn(snapshot);
    if (holds && after.token() != before.token()) {
      LockNode node = held(after.ownership().orElseThrow(), base);
      if (snapshot.isBusy()) {
        txn.delete(snapshot.node().state());
      } else {
        begin(txn, snapshot);
      }
      txn.createState(node.state()).write(node, LockTxn.ANY_VERSION);
    } else if (holds && isRenewal(change)) {
      txn.check(snapshot.node().state())
          .write(snapshot.resolvedNode().withKeeper(self), LockTxn.ANY_VERSION);
    } else if (differsInQueueOnly(before, after)) {
      if (joins(before, after)) {
        txn.check(snapshot.node().state());
      }
    } else if (after.freeAtMicros() <= now) {
      txn.delete(snapshot.node().state());
    } else {
      LockNode node = closed(snapshot, change, base);
      txn.replace(snapshot.node().state(), node.state()).write(node, LockTxn.ANY_VERSION);
    }
    changeQueue(txn, snapshot, before, after);
    if (!holds
        && after.freeAtMicros() <= now
        && snapshot.isBusy()
        && after.replicaQueue().isEmpty()) {
      RecordedToken last = RecordedToken.of(before.token());
      finish(txn, snapshot, idle(last, Optional.empty(), after.revoked()), LockTxn.ANY_VERSION);
    }
    return txn;
  }

  /** Ends the current state after its time: delays, frees or passes the lock. */
  public LockTxn expire(LockSnapshot snapshot) {
    LockNode node = snapshot.resolvedNode();
    LockTxn txn = txn(snapshot).delete(node.state());
    int version = snapshot.version();
    boolean isDelayed =
        node.kind() == StateKind.HELD && !node.claim().orElseThrow().lease().lockDelay().isZero();
    if (isDelayed) {
      LockNode delayed =
          newNode(StateKind.DELAYED, newState(), node.token(), node.claim(), Duration.ZERO, "");
      return txn.createState(delayed.state()).write(delayed, version);
    }
    // A closing made its own token. A turn has the token of the former holder, and that holder must
    // not be told that it released the lock.
    String reason = node.kind() == StateKind.TURN ? node.revoked() : "";
    if (snapshot.queue().isEmpty()) {
      return finish(txn, snapshot, idle(node.token(), node.claim(), reason), version);
    }
    QueueNode next = snapshot.queue().get(0);
    LockNode turn = turn(next, node.token(), node.claim(), reason);
    txn.createState(turn.state()).write(turn, version);
    deleteQueueNodes(txn, snapshot, next.replica());
    return txn;
  }

  private void begin(LockTxn txn, LockSnapshot snapshot) {
    if (snapshot.stored().isEmpty()) {
      txn.create(schema.lock(snapshot.lock()));
    }
    txn.create(schema.busy(snapshot.lock()));
  }

  private LockTxn finish(LockTxn txn, LockSnapshot snapshot, LockNode idle, int version) {
    snapshot.staleNodes().forEach(queueNode -> txn.delete(queueNode.node()));
    return txn.deleteBusy().write(idle, version);
  }

  private LockNode closed(LockSnapshot snapshot, RecordChange<?> change, TokenBase base) {
    LockRecord after = change.after();
    RecordedToken token =
        after.token() == change.before().token()
            ? RecordedToken.of(after.token())
            : RecordedToken.here(base);
    if (after.turn().isPresent()) {
      ReplicaId next = after.turn().orElseThrow();
      QueueNode queueNode =
          snapshot.queue().stream().filter(p -> p.replica().equals(next)).findFirst().orElseThrow();
      return turn(queueNode, token, Optional.empty(), after.revoked());
    }
    Duration length = MicrosecondTime.duration(after.freeAtMicros() - change.nowMicros());
    return newNode(StateKind.CLOSED, newState(), token, Optional.empty(), length, after.revoked());
  }

  private void changeQueue(
      LockTxn txn, LockSnapshot snapshot, LockRecord recordBefore, LockRecord recordAfter) {
    List<ReplicaId> before = recordBefore.replicaQueue();
    List<ReplicaId> after = recordAfter.replicaQueue();
    before.stream()
        .filter(replica -> !after.contains(replica))
        .forEach(replica -> deleteQueueNodes(txn, snapshot, replica));
    boolean moves =
        before.contains(self)
            && after.contains(self)
            && !before.stream().filter(after::contains).toList().equals(after);
    if (moves) {
      deleteQueueNodes(txn, snapshot, self);
    }
    if (moves || joins(recordBefore, recordAfter)) {
      txn.join(queueNodes.newPrefix());
    }
  }

  private void deleteQueueNodes(LockTxn txn, LockSnapshot snapshot, ReplicaId replica) {
    snapshot.queue().stream()
        .filter(queueNode -> queueNode.replica().equals(replica))
        .forEach(queueNode -> txn.delete(queueNode.node()));
    if (replica.equals(self)) {
      txn.leaveQueue();
    }
  }

  private boolean joins(LockRecord before, LockRecord after) {
    return !before.replicaQueue().contains(self) && after.replicaQueue().contains(self);
  }

  private static boolean differsInQueueOnly(LockRecord before, LockRecord after) {
    return before.ownership().equals(after.ownership())
        && before.token() == after.token()
        && before.freeAtMicros() == after.freeAtMicros()
        && before.turn().equals(after.turn())
        && before.revoked().equals(after.revoked());
  }

  private LockNode held(Ownership ownership, TokenBase base) {
    RecordedClaim claim =
        new RecordedClaim(ownership.claim(), ownership.claimant(), ownership.lease(), 0);
    return newNode(
        StateKind.HELD,
        newState(),
        RecordedToken.here(base),
        Optional.of(claim),
        Duration.ZERO,
        "");
  }

  private LockNode turn(
      QueueNode next, RecordedToken token, Optional<RecordedClaim> expired, String revoked) {
    return new LockNode(
        StateKind.TURN,
        OwnQueueNodes.turnState(next.node()),
        self,
        token,
        expired,
        LockRecord.TURN,
        Optional.of(next.replica()),
        revoked);
  }

  private LockNode idle(RecordedToken token, Optional<RecordedClaim> expired, String revoked) {
    return newNode(StateKind.IDLE, "", token, expired, Duration.ZERO, revoked);
  }

  private LockNode newNode(
      StateKind kind,
      String state,
      RecordedToken token,
      Optional<RecordedClaim> claim,
      Duration closedFor,
      String revoked) {
    return new LockNode(kind, state, self, token, claim, closedFor, Optional.empty(), revoked);
  }

  private String newState() {
    return statePrefix + Long.toHexString(states.incrementAndGet());
  }

  private LockTxn txn(LockSnapshot snapshot) {
    return new LockTxn(schema, snapshot.lock(), acl);
  }
}
