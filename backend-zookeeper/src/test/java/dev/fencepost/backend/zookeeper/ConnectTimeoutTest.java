package dev.fencepost.backend.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.TestReplica.UnopenedReplica;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.replica.OpenReplica;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Servers of the ensemble that accept a connection and never answer. */
final class ConnectTimeoutTest {
  private static final ZookeeperServer SERVER =
      new ZookeeperServer().with("maxSessionTimeout=300000");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A session timeout so long that one server's share of it exceeds the test's patience. */
  private static final Map<String, String> LONG_SESSION = Map.of("session-timeout", "5m");

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void silentServer_isLeftForOneThatAnswers() {
    try (TcpProxy good = new TcpProxy(SERVER.port());
        TcpProxy silent = new TcpProxy(SERVER.port())) {
      silent.swallow(Direction.ANSWERS);
      String servers = at(good.port()) + "," + at(silent.port());
      try (TestReplica replica =
          new TestReplica("zookeeper://" + servers + "/silent", LONG_SESSION)) {
        Grant grant = replica.acquire("silent");
        // The client tries the other server next.
        good.reset();
        assertRenewedSoon(replica, grant);
      }
    }
  }

  /** The client tries servers in random order. One of eight starts with the silent server. */
  @Test
  void silentServer_isPassedOverWhileOpening() {
    try (TcpProxy silent = new TcpProxy(SERVER.port())) {
      silent.swallow(Direction.ANSWERS);
      String uri = "zookeeper://" + at(silent.port()) + "," + at(SERVER.port()) + "/opening";
      StoreSettings settings = new StoreSettings(uri, TestReplica.CALL_TIMEOUT, LONG_SESSION);
      List<UnopenedReplica> replicas =
          Stream.generate(() -> new UnopenedReplica(settings)).limit(8).toList();
      try {
        List<CompletionStage<StoreInfo>> opened =
            replicas.stream().map(UnopenedReplica::open).toList();
        assertThat(opened)
            .allSatisfy(each -> assertThat(each.toCompletableFuture()).succeedsWithin(PATIENCE));
      } finally {
        replicas.forEach(UnopenedReplica::close);
      }
    }
  }

  private static void assertRenewedSoon(TestReplica replica, Grant grant) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(PATIENCE)
        .until(
            () ->
                OpenReplica.answer(replica.backend().renew(grant.ref()))
                    instanceof Renewal.Renewed);
  }

  private static String at(int port) {
    return "127.0.0.1:" + port;
  }
}
