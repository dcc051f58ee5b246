package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.proto.v1.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The addresses at which replicas may be found: those that the user named, and those that replicas
 * reported. {@link ReplicaPool} changes it under its lock; any thread may read it.
 */
final class AddressBook {
  private volatile List<ReplicaNode> nodes = List.of();

  List<ReplicaNode> nodes() {
    return nodes;
  }

  Stream<ReplicaNode> stream() {
    return nodes.stream();
  }

  boolean anyMatch(Predicate<ReplicaNode> predicate) {
    return nodes.stream().anyMatch(predicate);
  }

  /** Returns when the first node that failed may be used again; NEVER if there is none. */
  long backoffEndNanos() {
    return nodes.stream()
        .filter(node -> node.phase == ReplicaNode.Phase.BACKING_OFF)
        .mapToLong(node -> node.backoffUntilNanos)
        .min()
        .orElse(ClientClock.NEVER);
  }

  /** Adds the addresses that the user named, in this order. */
  void addSeeds(List<ReplicaAddress> addresses) {
    List<ReplicaNode> all = new ArrayList<>(nodes);
    for (ReplicaAddress address : addresses) {
      if (find(all, address) == null) {
        all.add(new ReplicaNode(address, true));
      }
    }
    nodes = List.copyOf(all);
  }

  /**
   * Returns an address that the user named and whose replica is unknown, because a replica may be
   * unreachable at the address that it reports.
   */
  Optional<ReplicaNode> findUnknownSeed() {
    return nodes.stream()
        .filter(node -> node.isSeed && !node.isIdentified() && node.phase == ReplicaNode.Phase.IDLE)
        .findFirst();
  }

  /** Returns the node whose second connection this is; null if there is none. */
  @Nullable ReplicaNode predecessorOf(ReplicaNode node) {
    return nodes.stream().filter(each -> each.successor == node).findFirst().orElse(null);
  }

  /** Replaces a node by another with the same address. */
  void replace(ReplicaNode old, ReplicaNode by) {
    nodes = nodes.stream().map(each -> each == old ? by : each).toList();
  }

  /**
   * Updates the nodes from one replica's list of living replicas. Nodes that are not in the list
   * are removed, unless they are in use or the user named them.
   */
  void update(List<Replica> replicas) {
    List<ReplicaNode> all = new ArrayList<>(nodes);
    for (Replica replica : replicas) {
      update(all, replica);
    }
    all.removeIf(
        node ->
            !node.isSeed
                && (node.phase == ReplicaNode.Phase.IDLE
                    || node.phase == ReplicaNode.Phase.BACKING_OFF)
                && replicas.stream().noneMatch(each -> node.isReplica(each.getReplicaId())));
    nodes = List.copyOf(all);
  }

  private static void update(List<ReplicaNode> all, Replica replica) {
    ReplicaAddress address = ReplicaAddress.read(replica.getAddress()).orElse(null);
    boolean isMet =
        all.stream()
            .anyMatch(node -> node.isReplica(replica.getReplicaId()) && node.session != null);
    if (isMet || address == null) {
      return;
    }
    ReplicaNode node = find(all, address);
    if (node == null && !replica.getDraining()) {
      node = new ReplicaNode(address, false);
      all.add(node);
    }
    if (node != null && node.session == null) {
      if (replica.getDraining()) {
        node.forgetIdentity();
      } else {
        node.expectReplica(replica.getReplicaId());
      }
    }
  }

  private static @Nullable ReplicaNode find(List<ReplicaNode> all, ReplicaAddress address) {
    return all.stream().filter(node -> node.address.equals(address)).findFirst().orElse(null);
  }
}
