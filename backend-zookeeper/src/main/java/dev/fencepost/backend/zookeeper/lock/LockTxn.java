package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.LockName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.data.ACL;

/**
 * One lock's part of a transaction: operations that are executed all or not at all. Built by one
 * thread; nothing changes it after that.
 */
public final class LockTxn {
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

  LockTxn(ZookeeperSchema schema, LockName lock, List<ACL> acl) {
    this.schema = schema;
    this.lock = lock;
    this.acl = acl;
  }

  LockName lock() {
    return lock;
  }

  List<Op> ops() {
    return ops;
  }

  /** Returns the record that is written, if any. */
  Optional<LockNode> node() {
    return node;
  }

  /** Returns the index of the operation that writes the record; -1 if none. */
  int nodeAt() {
    return nodeAt;
  }

  /** Returns the index of the operation that creates our queue node; -1 if none. */
  int queueNodeAt() {
    return queueNodeAt;
  }

  /** True if our queue node is deleted. */
  boolean leavesQueue() {
    return leavesQueue;
  }

  /** True if the write makes a token, so that the base must still be current. */
  boolean makesToken() {
    return node.filter(record -> record.token().isHere()).isPresent();
  }

  LockTxn add(Op op) {
    ops.add(op);
    return this;
  }

  LockTxn create(String path) {
    return add(Op.create(path, NO_DATA, acl, CreateMode.PERSISTENT));
  }

  LockTxn createState(String state) {
    return create(schema.inBusy(lock, state));
  }

  /** Replaces one state by another. */
  LockTxn replace(String from, String to) {
    return delete(from).createState(to);
  }

  LockTxn check(String state) {
    return add(Op.check(schema.inBusy(lock, state), ANY_VERSION));
  }

  /** Deletes a state or a queue node. */
  LockTxn delete(String child) {
    return add(Op.delete(schema.inBusy(lock, child), ANY_VERSION));
  }

  /** Opens the lock to everybody. Refused while the replica queue is not empty. */
  LockTxn deleteBusy() {
    return add(Op.delete(schema.busy(lock), ANY_VERSION));
  }

  /** Writes the record at this version of the lock's node. */
  LockTxn write(LockNode record, int version) {
    nodeAt = ops.size();
    node = Optional.of(record);
    return add(Op.setData(schema.lock(lock), ZookeeperRecordCodec.write(record), version));
  }

  /** Creates our queue node. */
  LockTxn join(String prefix) {
    queueNodeAt = ops.size();
    return add(
        Op.create(schema.inBusy(lock, prefix), NO_DATA, acl, CreateMode.EPHEMERAL_SEQUENTIAL));
  }

  /** Records that an operation deletes our queue node. */
  LockTxn leaveQueue() {
    leavesQueue = true;
    return this;
  }
}
