package dev.fencepost.client.internal.transport;

import dev.fencepost.proto.v1.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The addresses at which replicas may be found: those that the user named, and those that the
 * replicas tell. Changed by {@link ReplicaPool} under its lock; read by any thread.
 */
final class AddressBook {
  private volatile List<ReplicaNode> nodes = List.of();

  List<ReplicaNode> nodes() {
    return nodes;
  }

  Stream<ReplicaNode> stream() {
    return nodes.stream();
  }

  boolean has(Predicate<ReplicaNode> such) {
    return nodes.stream().anyMatch(such);
  }

  /** Adds what the user named, in this order. */
  void seed(List<ReplicaAddress> addresses) {
    List<ReplicaNode> all = new ArrayList<>(nodes);
    for (ReplicaAddress address : addresses) {
      if (at(all, address) == null) {
        all.add(new ReplicaNode(address, true));
      }
    }
    nodes = List.copyOf(all);
  }

  /** The node whose second connection this is; null if it is none. */
  @Nullable ReplicaNode predecessorOf(ReplicaNode node) {
    return nodes.stream().filter(each -> each.successor == node).findFirst().orElse(null);
  }

  /** Puts a node in the place of another with the same address. */
  void replace(ReplicaNode old, ReplicaNode by) {
    nodes = nodes.stream().map(each -> each == old ? by : each).toList();
  }

  /** The living replicas, as one of them tells; who is not among them is forgotten. */
  void learn(List<Replica> replicas) {
    List<ReplicaNode> all = new ArrayList<>(nodes);
    for (Replica replica : replicas) {
      learn(all, replica);
    }
    all.removeIf(
        node ->
            !node.isSeed
                && (node.phase == ReplicaNode.Phase.IDLE || node.phase == ReplicaNode.Phase.RESTING)
                && replicas.stream().noneMatch(each -> node.is(each.getReplicaId())));
    nodes = List.copyOf(all);
  }

  private static void learn(List<ReplicaNode> all, Replica replica) {
    ReplicaAddress address = ReplicaAddress.read(replica.getAddress()).orElse(null);
    boolean isMet =
        all.stream().anyMatch(node -> node.is(replica.getReplicaId()) && node.session != null);
    if (isMet || address == null) {
      return;
    }
    ReplicaNode node = at(all, address);
    if (node == null && !replica.getDraining()) {
      node = new ReplicaNode(address, false);
      all.add(node);
    }
    if (node != null && node.session == null) {
      if (replica.getDraining()) {
        node.forgetIdentity();
      } else {
        node.expect(replica.getReplicaId());
      }
    }
  }

  private static @Nullable ReplicaNode at(List<ReplicaNode> all, ReplicaAddress address) {
    return all.stream().filter(node -> node.address.equals(address)).findFirst().orElse(null);
  }
}
