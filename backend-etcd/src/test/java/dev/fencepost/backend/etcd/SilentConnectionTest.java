package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Connections that are open and carry nothing. */
final class SilentConnectionTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void connectionThatNeverAnswers_isGivenUpForAnother() {
    try (TcpProxy proxy = new TcpProxy(ETCD.port());
        EtcdTestReplica replica =
            new EtcdTestReplica("etcd://127.0.0.1:" + proxy.port() + "/silent")) {
      Grant held = replica.acquire("job");
      proxy.acceptInSilence();
      proxy.reset();
      await().until(() -> proxy.silentConnections() > 0);
      proxy.resume();
      awaitRenewed(replica, held);
    }
  }

  @Test
  void connectionThatFallsSilent_isGivenUpForAnother() {
    try (TcpProxy proxy = new TcpProxy(ETCD.port());
        EtcdTestReplica replica =
            new EtcdTestReplica("etcd://127.0.0.1:" + proxy.port() + "/fell")) {
      Grant held = replica.acquire("job");
      proxy.swallow(Direction.ANSWERS);
      proxy.acceptInSilence();
      assertThat(failure(replica.backend().renew(held.ref())))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      // This call is overdue after its full timeout. A renewal may have had too little time left.
      assertThat(failure(replica.backend().describe(List.of(held.ref().lock()))))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      // gRPC's pings would notice only after fifteen seconds.
      await().atMost(Duration.ofSeconds(12)).until(() -> proxy.silentConnections() > 0);
      proxy.resume();
      awaitRenewed(replica, held);
    }
  }

  private static void awaitRenewed(EtcdTestReplica replica, Grant held) {
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptionsInstanceOf(StoreException.class)
        .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
  }
}
