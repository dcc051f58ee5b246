package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.Replica;
import dev.fencepost.testkit.process.EtcdServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Entries of others in the registry of replicas. */
final class ReplicaRegistryTest {
  /** More than are read at once. */
  private static final int CROWD = 1_001;

  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void crowdOfForeignEntries_doesNotHideTheReplica() {
    String uri = ETCD.uri("crowd");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      for (int i = 0; i < CROWD; i++) {
        // Before every id of a replica.
        ByteString name = ByteString.copyFromUtf8("!" + i);
        client.put(client.schema.replicas().concat(name), ByteString.copyFromUtf8("foreign"));
      }
      long lease = client.all(client.schema.replica(replica.id())).get(0).getLease();
      for (int i = 0; i < 3; i++) {
        assertThat(answer(replica.backend().info()).replicas())
            .extracting(Replica::id)
            .contains(replica.id());
      }
      assertThat(client.all(client.schema.replica(replica.id())).get(0).getLease())
          .isEqualTo(lease);
    }
  }
}
