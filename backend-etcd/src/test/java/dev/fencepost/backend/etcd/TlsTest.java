package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An etcd that takes its clients by TLS only. */
final class TlsTest {
  private static final EtcdServer ETCD = EtcdServer.withTls();

  @RegisterExtension static final Running<EtcdServer> RUNNING = new Running<>(ETCD, ETCD::start);

  private static final Map<String, String> NO_TLS = Map.of();

  @Test
  void trustedCertificate_isConnectedTo() {
    Map<String, String> trusting = Map.of("tls-ca", ETCD.certificate().toString());
    try (TestReplica replica = new TestReplica(ETCD.uri("tls"), trusting)) {
      Grant grant = replica.acquire("tls");
      assertThat(replica.release(grant)).isEqualTo(new Release.Released());
    }
  }

  @Test
  void unknownCertificateOrPlainText_isNotConnectedTo() {
    for (Map<String, String> options : List.of(Map.of("tls", "true"), NO_TLS)) {
      try (LockBackend backend =
          new EtcdBackendProvider()
              .create(new StoreSettings(ETCD.uri("tls"), Duration.ofSeconds(1), options))) {
        Replica self = new Replica(ReplicaId.of(7), "here:1", Replica.Phase.SERVING);
        assertThat(failure(backend.open(self, lock -> {})))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      }
    }
  }
}
