package dev.fencepost.server.service.wire;

import dev.fencepost.lock.Replica.Phase;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Replica;
import java.util.List;

/** Describes this server and its peers on the same store to clients. Immutable. */
public final class ServerDescription {
  private final ReplicaId self;
  private final String version;
  private final LeasePolicy policy;

  /** Creates a description of the replica {@code self}. */
  public ServerDescription(ReplicaId self, String version, LeasePolicy policy) {
    this.self = self;
    this.version = version;
    this.policy = policy;
  }

  public GetServerInfoResponse of(StoreInfo store) {
    return GetServerInfoResponse.newBuilder()
        .setVersion(version)
        .setReplicaId(self.value())
        .setStore(store.kind())
        .setStoreId(store.id())
        .setLimits(policy.on(store.leases()))
        .addAllReplicas(store.replicas().stream().map(ServerDescription::toWire).toList())
        .build();
  }

  /**
   * Returns the other serving replicas, to which a client of this replica may go when it leaves.
   */
  public List<Replica> peers(List<dev.fencepost.lock.Replica> replicas) {
    return replicas.stream()
        .filter(replica -> !replica.id().equals(self))
        .filter(replica -> replica.phase() == Phase.SERVING)
        .map(ServerDescription::toWire)
        .toList();
  }

  private static Replica toWire(dev.fencepost.lock.Replica replica) {
    return Replica.newBuilder()
        .setReplicaId(replica.id().value())
        .setAddress(replica.address())
        .setDraining(replica.phase() == Phase.DRAINING)
        .build();
  }
}
