package dev.fencepost.server.service;

import dev.fencepost.lock.Replica.Phase;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.proto.v1.GetServerInfoResponse;
import dev.fencepost.proto.v1.Replica;
import java.util.List;

/** What a server says of itself, and of its fellows on the same store. Immutable. */
final class ServerDescription {
  private final ServiceSettings settings;

  ServerDescription(ServiceSettings settings) {
    this.settings = settings;
  }

  GetServerInfoResponse of(StoreInfo store) {
    return GetServerInfoResponse.newBuilder()
        .setVersion(settings.version())
        .setReplicaId(settings.self().value())
        .setStore(store.kind())
        .setStoreId(store.id())
        .setLimits(settings.policy().on(store.leases()))
        .addAllReplicas(store.replicas().stream().map(ServerDescription::toWire).toList())
        .build();
  }

  /** Where a client of this replica may go when it leaves. */
  List<Replica> fellows(List<dev.fencepost.lock.Replica> replicas) {
    return replicas.stream()
        .filter(replica -> !replica.id().equals(settings.self()))
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
