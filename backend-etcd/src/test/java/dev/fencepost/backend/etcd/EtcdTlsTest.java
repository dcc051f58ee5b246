package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An etcd that accepts TLS connections only. */
final class EtcdTlsTest {
  private static final EtcdServer ETCD = EtcdServer.withTls();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final Map<String, String> NO_TLS = Map.of();

  @Test
  void trustedCertificate_isConnectedTo() {
    Map<String, String> trusting = Map.of("tls-ca", ETCD.certificate().toString());
    try (EtcdTestReplica replica = new EtcdTestReplica(ETCD.uri("tls"), trusting)) {
      Grant grant = replica.acquire("tls");
      assertThat(replica.release(grant)).isEqualTo(new Release.Released());
    }
  }

  @Test
  void unknownCertificate_isRefusedAtStartByName() {
    assertThat(refusal(ETCD, Map.of("tls", "true")))
        .contains("the certificate of the server is of no authority", "store option tls-ca");
  }

  @Test
  void plainTextWhereTlsIsWanted_saysWhatToLookAt() {
    assertThat(opened(ETCD, NO_TLS, StoreException.class)).contains("does etcd want TLS?");
  }

  @Test
  void tlsWherePlainTextIsSpoken_saysWhatToLookAt() {
    try (EtcdServer plain = new EtcdServer()) {
      plain.start();
      assertThat(opened(plain, Map.of("tls", "true"), StoreException.class))
          .contains("does etcd speak TLS there?");
    }
  }

  @Test
  void missingCertificateOfOurs_isRefusedAtStartByName() {
    try (EtcdServer demanding = ETCD.withTlsBothWays()) {
      demanding.start();
      Map<String, String> trusting = Map.of("tls-ca", ETCD.certificate().toString());
      assertThat(refusal(demanding, trusting)).contains("tls-certificate");
    }
  }

  @Test
  void alertsInTheWordsOfEachJava_nameTheOptions() {
    assertThat(
            List.of(
                "Received fatal alert: bad_certificate",
                "(certificate_required) Received fatal alert: certificate_required"))
        .allSatisfy(
            alert ->
                assertThat(EtcdErrors.tlsFault(new SSLHandshakeException(alert)).orElseThrow())
                    .contains("tls-certificate"));
  }

  private static String refusal(EtcdServer etcd, Map<String, String> options) {
    return opened(etcd, options, StoreConfigurationException.class);
  }

  /** Returns the message of the failure to open. */
  private static String opened(
      EtcdServer etcd, Map<String, String> options, Class<? extends Exception> failure) {
    try (LockBackend backend =
        new EtcdBackendProvider()
            .create(new StoreSettings(etcd.uri("tls"), Duration.ofSeconds(5), options))) {
      Replica self = new Replica(ReplicaId.of(7), "here:1", Replica.Phase.SERVING);
      return catchThrowableOfType(failure, () -> answer(backend.open(self, lock -> {})))
          .getMessage();
    }
  }
}
