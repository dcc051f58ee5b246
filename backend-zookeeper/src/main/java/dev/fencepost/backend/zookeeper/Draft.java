package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.LockName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.data.ACL;

/** A plan in the making. For one thread. */
final class Draft {
  /** Whatever version the record has. */
  static final int ANY = -1;

  private static final byte[] NOTHING = {};

  private final Layout layout;
  private final LockName lock;
  private final List<ACL> acl;
  private final List<Op> ops = new ArrayList<>();
  private Optional<LockNode> node = Optional.empty();
  private int nodeAt = -1;
  private int placeAt = -1;
  private boolean leaves;

  Draft(Layout layout, LockName lock, List<ACL> acl) {
    this.layout = layout;
    this.lock = lock;
    this.acl = acl;
  }

  LockName lock() {
    return lock;
  }

  Draft create(String path) {
    ops.add(Op.create(path, NOTHING, acl, CreateMode.PERSISTENT));
    return this;
  }

  Draft createState(String state) {
    return create(layout.inBusy(lock, state));
  }

  /** One state follows another. */
  Draft replace(String from, String to) {
    return delete(from).createState(to);
  }

  Draft check(String state) {
    ops.add(Op.check(layout.inBusy(lock, state), ANY));
    return this;
  }

  /** Deletes a state or a place. */
  Draft delete(String child) {
    ops.add(Op.delete(layout.inBusy(lock, child), ANY));
    return this;
  }

  /** Opens the lock to everybody; refused while somebody stands in line. */
  Draft deleteBusy() {
    ops.add(Op.delete(layout.busy(lock), ANY));
    return this;
  }

  Draft write(LockNode record, int version) {
    nodeAt = ops.size();
    node = Optional.of(record);
    ops.add(Op.setData(layout.lock(lock), LockNodeCodec.write(record), version));
    return this;
  }

  Draft join(String prefix) {
    placeAt = ops.size();
    ops.add(Op.create(layout.inBusy(lock, prefix), NOTHING, acl, CreateMode.EPHEMERAL_SEQUENTIAL));
    return this;
  }

  Draft leavesPlace() {
    leaves = true;
    return this;
  }

  Plan plan(Optional<Base> base) {
    return new Plan(lock, ops, base, node, nodeAt, placeAt, leaves);
  }
}
