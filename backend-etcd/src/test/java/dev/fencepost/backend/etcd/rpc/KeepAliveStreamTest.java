package dev.fencepost.backend.etcd.rpc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.EtcdRelay;
import dev.fencepost.backend.etcd.RunningServer;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Keep-alives in flight while certificates are exchanged. */
final class KeepAliveStreamTest {
  private static final long SECONDS = 600;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @TempDir private Path folder;

  @Test
  void keepAliveInFlight_isAnsweredOverTheFormerConnection() throws IOException {
    TestAuthority authority = TestAuthority.create("authority");
    authority.issue(Purpose.SERVER, "relay", "IP:127.0.0.1").write(folder, "relay");
    Path trusted = folder.resolve("ca.pem");
    TestCertificate.replace(trusted, authority.certificate());
    CallDeadlines deadlines = new CallDeadlines("test", error -> {});
    CallGate queries = new CallGate(new CallFailures("etcd"), deadlines, 1, 1);
    try (EtcdRelay relay =
            new EtcdRelay(
                ETCD.port(),
                TlsServerCredentials.create(
                    folder.resolve("relay.pem").toFile(), folder.resolve("relay.key").toFile()));
        EtcdConnections connections = new EtcdConnections(settings(relay, trusted));
        KeepAliveStream keepAlives = new KeepAliveStream(connections, 10)) {
      LeaseClient leases =
          new LeaseClient(connections, ThreadLocalRandom.current()::nextLong, queries);
      long lease = answer(leases.grant(SECONDS, LeaseUse.FREE, CallDeadline.in(TIMEOUT))).id();
      relay.hold();
      CompletableFuture<LeaseStatus> alive =
          keepAlives.keepAlive(lease, CallDeadline.in(TIMEOUT)).toCompletableFuture();
      await().atMost(TIMEOUT).until(() -> relay.heldCount() == 1);

      String another = TestAuthority.create("another authority").certificate();
      TestCertificate.replace(trusted, authority.certificate() + another);
      await()
          .atMost(TIMEOUT)
          .until(
              () -> {
                connections.reconnect();
                keepAlives.tick();
                return relay.heldCount() == 2 || alive.isDone();
              });
      assertThat(alive).as("a keep-alive that etcd has not seen").isNotDone();
      relay.resume();
      assertThat(answer(alive).seconds()).isEqualTo(SECONDS);
      assertThat(answer(keepAlives.keepAlive(lease, CallDeadline.in(TIMEOUT))).seconds())
          .isEqualTo(SECONDS);
    } finally {
      deadlines.close();
    }
  }

  private static EtcdSettings settings(EtcdRelay relay, Path trusted) {
    return EtcdSettings.of(
        new StoreSettings(relay.uri("keep-alive"), TIMEOUT, Map.of("tls-ca", trusted.toString())));
  }
}
