package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.zookeeper.data.ACL;

/**
 * Turns changes of a lock into transactions. Each transaction that replaces a state deletes that
 * state's node, and no state's name is used twice. So a late command cannot end a newer state.
 * Versions could not guarantee that, because a recreated node starts at version 0 again.
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
   * Creates the factory of one replica.
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

  /** Whether this replica believes that a lock's node exists. */
  enum NodePresence {
    MISSING,
    PRESENT
  }

  /** Acquires a lock that is believed to be free, whatever its node contains. */
  LockTxn acquireFree(Claim claim, NodePresence presence, TokenBase base) {
    LockNode node = held(recordedClaim(claim), base);
    LockTxnBuilder builder = builder(claim.lock());
    if (presence == NodePresence.MISSING) {
      builder.create(schema.lock(claim.lock()));
    }
    return builder
        .create(schema.busy(claim.lock()))
        .create(schema.inBusy(claim.lock(), node.state()))
        .write(node, LockTxnBuilder.ANY_VERSION)
        .build(Optional.of(base));
  }

  /** Acquires a lock during this replica's turn. */
  LockTxn acquireInTurn(Claim claim, String queueNode, TokenBase base) {
    LockNode node = held(recordedClaim(claim), base);
    return builder(claim.lock())
        .replace(OwnQueueNodes.turnState(queueNode), node.state())
        .write(node, LockTxnBuilder.ANY_VERSION)
        .build(Optional.of(base));
  }

  /** Passes a known grant to the next claim. */
  LockTxn handOver(LockNode from, Claim to, QueueChange queueChange, TokenBase base) {
    LockNode node = held(recordedClaim(to), base);
    LockTxnBuilder builder =
        builder(to.lock())
            .replace(from.state(), node.state())
            .write(node, LockTxnBuilder.ANY_VERSION);
    changeOwnNode(builder, queueChange);
    return builder.build(Optional.of(base));
  }

  /** Renews a known grant. */
  LockTxn renew(LockName lock, LockNode known) {
    return builder(lock)
        .check(known.state())
        .write(known.withKeeper(self), LockTxnBuilder.ANY_VERSION)
        .build(Optional.empty());
  }

  /** Releases a known grant. Refused if the replica queue is not empty. */
  LockTxn release(LockName lock, LockNode known) {
    return builder(lock)
        .delete(known.state())
        .deleteBusy()
        .write(idle(known.token(), Optional.empty(), ""), LockTxnBuilder.ANY_VERSION)
        .build(Optional.empty());
  }

  /** How {@link #handOver} changes this replica's queue node. */
  enum QueueChange {
    NONE,
    LEAVE,
    JOIN
  }

  /** Writes the difference between two records of the same moment. */
  LockTxn change(LockSnapshot snapshot, RecordChange change, boolean isRenewal, TokenBase base) {
    LockRecord before = change.before();
    LockRecord after = change.after();
    long now = change.nowMicros();
    boolean holds = after.ownership().filter(t -> now < t.expiresAtMicros()).isPresent();
    LockTxnBuilder builder = builder(snapshot.lock());
    boolean makesToken = after.token() != before.token();
    if (holds && makesToken) {
      LockNode node = held(recordedClaim(after.ownership().orElseThrow()), base);
      if (snapshot.isBusy()) {
        builder.replace(snapshot.node().state(), node.state());
      } else {
        begin(builder, snapshot);
        builder.create(schema.inBusy(snapshot.lock(), node.state()));
      }
      builder.write(node, LockTxnBuilder.ANY_VERSION);
    } else if (holds && isRenewal) {
      builder
          .check(snapshot.node().state())
          .write(resolved(snapshot).withKeeper(self), LockTxnBuilder.ANY_VERSION);
    } else if (differsInQueueOnly(before, after)) {
      if (joins(before, after)) {
        builder.check(snapshot.node().state());
      }
    } else if (after.freeAtMicros() <= now) {
      builder.delete(snapshot.node().state());
    } else {
      LockNode node = closed(snapshot, change, base);
      builder
          .replace(snapshot.node().state(), node.state())
          .write(node, LockTxnBuilder.ANY_VERSION);
    }
    changeQueue(builder, snapshot, change);
    if (!holds
        && after.freeAtMicros() <= now
        && snapshot.isBusy()
        && after.replicaQueue().isEmpty()) {
      finish(
          builder,
          snapshot,
          idle(RecordedToken.of(before.token()), Optional.empty(), after.revoked()),
          LockTxnBuilder.ANY_VERSION);
    }
    return builder.build(makesToken ? Optional.of(base) : Optional.empty());
  }

  /** Ends the current state after its time: delays, frees or passes the lock. */
  public LockTxn expire(LockSnapshot snapshot) {
    LockNode node = resolved(snapshot);
    LockTxnBuilder builder = builder(snapshot.lock()).delete(node.state());
    int version = snapshot.version();
    boolean isDelayed =
        node.kind() == StateKind.HELD && !node.claim().orElseThrow().lease().lockDelay().isZero();
    if (isDelayed) {
      LockNode delayed = closing(StateKind.DELAYED, newState(), node);
      return builder.createState(delayed.state()).write(delayed, version).build(Optional.empty());
    }
    // A closing made its own token. A turn has the token of the former holder, and that holder must
    // not be told that it released the lock.
    String reason = node.kind() == StateKind.TURN ? node.revoked() : "";
    if (snapshot.queue().isEmpty()) {
      RecordedToken last = RecordedToken.of(snapshot.stored().orElseThrow().token());
      return finish(builder, snapshot, idle(last, node.claim(), reason), version)
          .build(Optional.empty());
    }
    QueueNode next = snapshot.queue().get(0);
    LockNode turn = turn(next, node.token(), node.claim(), reason);
    builder.createState(turn.state()).write(turn, version);
    deleteQueueNodes(builder, snapshot, next.replica());
    return builder.build(Optional.empty());
  }

  private void begin(LockTxnBuilder builder, LockSnapshot snapshot) {
    if (snapshot.stored().isEmpty()) {
      builder.create(schema.lock(snapshot.lock()));
    }
    builder.create(schema.busy(snapshot.lock()));
  }

  private LockTxnBuilder finish(
      LockTxnBuilder builder, LockSnapshot snapshot, LockNode idle, int version) {
    snapshot.staleNodes().forEach(queueNode -> builder.delete(queueNode.node()));
    return builder.deleteBusy().write(idle, version);
  }

  private LockNode closed(LockSnapshot snapshot, RecordChange change, TokenBase base) {
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
    return new LockNode(
        StateKind.CLOSED,
        newState(),
        self,
        token,
        Optional.empty(),
        length,
        Optional.empty(),
        after.revoked());
  }

  private void changeQueue(LockTxnBuilder builder, LockSnapshot snapshot, RecordChange change) {
    List<ReplicaId> before = change.before().replicaQueue();
    List<ReplicaId> after = change.after().replicaQueue();
    before.stream()
        .filter(replica -> !after.contains(replica))
        .forEach(replica -> deleteQueueNodes(builder, snapshot, replica));
    boolean moves =
        before.contains(self)
            && after.contains(self)
            && !before.stream().filter(after::contains).toList().equals(after);
    if (moves) {
      deleteQueueNodes(builder, snapshot, self);
    }
    if (moves || joins(change.before(), change.after())) {
      changeOwnNode(builder, QueueChange.JOIN);
    }
  }

  private void deleteQueueNodes(LockTxnBuilder builder, LockSnapshot snapshot, ReplicaId replica) {
    snapshot.queue().stream()
        .filter(queueNode -> queueNode.replica().equals(replica))
        .forEach(queueNode -> builder.delete(queueNode.node()));
    if (replica.equals(self)) {
      builder.leavesQueue();
    }
  }

  private void changeOwnNode(LockTxnBuilder builder, QueueChange queueChange) {
    switch (queueChange) {
      case NONE -> {}
      case LEAVE -> {
        queueNodes.find(builder.lock()).ifPresent(builder::delete);
        builder.leavesQueue();
      }
      case JOIN -> builder.join(queueNodes.newPrefix());
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

  private static LockNode resolved(LockSnapshot snapshot) {
    return snapshot.node().resolved(snapshot.stored().orElseThrow().stat());
  }

  private LockNode held(RecordedClaim claim, TokenBase base) {
    return new LockNode(
        StateKind.HELD,
        newState(),
        self,
        RecordedToken.here(base),
        Optional.of(claim),
        Duration.ZERO,
        Optional.empty(),
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

  private LockNode closing(StateKind kind, String state, LockNode like) {
    return new LockNode(
        kind, state, self, like.token(), like.claim(), Duration.ZERO, Optional.empty(), "");
  }

  private LockNode idle(RecordedToken token, Optional<RecordedClaim> expired, String revoked) {
    return new LockNode(
        StateKind.IDLE, "", self, token, expired, Duration.ZERO, Optional.empty(), revoked);
  }

  private static RecordedClaim recordedClaim(Claim claim) {
    return new RecordedClaim(claim.id(), claim.claimant(), claim.lease(), 0);
  }

  private static RecordedClaim recordedClaim(Ownership ownership) {
    return new RecordedClaim(ownership.claim(), ownership.claimant(), ownership.lease(), 0);
  }

  private String newState() {
    return statePrefix + Long.toHexString(states.incrementAndGet());
  }

  private LockTxnBuilder builder(LockName lock) {
    return new LockTxnBuilder(schema, lock, acl);
  }

  /** A record before and after a transition, and the time that the transition was given. */
  record RecordChange(LockRecord before, LockRecord after, long nowMicros) {}
}
