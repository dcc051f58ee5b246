package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.LockName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.data.ACL;

/** Builds a {@link LockTxn}. For one thread. */
public final class LockTxnBuilder {
  /** Matches every version of a node. */
  public static final int ANY_VERSION = -1;

  private static final byte[] NO_DATA = {};

  private final ZookeeperSchema schema;
  private final LockName lock;
  private final List<ACL> acl;
  private final List<Op> ops = new ArrayList<>();
  private Optional<LockNode> node = Optional.empty();
  private int nodeAt = -1;
  private int queueNodeAt = -1;
  private boolean leavesQueue;

  LockTxnBuilder(ZookeeperSchema schema, LockName lock, List<ACL> acl) {
    this.schema = schema;
    this.lock = lock;
    this.acl = acl;
  }

  LockName lock() {
    return lock;
  }

  LockTxnBuilder create(String path) {
    ops.add(Op.create(path, NO_DATA, acl, CreateMode.PERSISTENT));
    return this;
  }

  LockTxnBuilder createState(String state) {
    return create(schema.inBusy(lock, state));
  }

  /** Replaces one state by another. */
  LockTxnBuilder replace(String from, String to) {
    return delete(from).createState(to);
  }

  LockTxnBuilder check(String state) {
    ops.add(Op.check(schema.inBusy(lock, state), ANY_VERSION));
    return this;
  }

  /** Deletes a state or a queue node. */
  LockTxnBuilder delete(String child) {
    ops.add(Op.delete(schema.inBusy(lock, child), ANY_VERSION));
    return this;
  }

  /** Opens the lock to everybody. Refused while the replica queue is not empty. */
  LockTxnBuilder deleteBusy() {
    ops.add(Op.delete(schema.busy(lock), ANY_VERSION));
    return this;
  }

  LockTxnBuilder write(LockNode record, int version) {
    nodeAt = ops.size();
    node = Optional.of(record);
    ops.add(Op.setData(schema.lock(lock), ZookeeperRecordCodec.write(record), version));
    return this;
  }

  LockTxnBuilder join(String prefix) {
    queueNodeAt = ops.size();
    ops.add(Op.create(schema.inBusy(lock, prefix), NO_DATA, acl, CreateMode.EPHEMERAL_SEQUENTIAL));
    return this;
  }

  LockTxnBuilder leavesQueue() {
    leavesQueue = true;
    return this;
  }

  LockTxn build(Optional<TokenBase> base) {
    return new LockTxn(lock, ops, base, node, nodeAt, queueNodeAt, leavesQueue);
  }
}
