package dev.fencepost.backend.zookeeper;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The base of tokens, and how far it may be ahead of the clock. */
final class TokenBaseTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void manyStarts_leaveTokensNearTheClock() {
    String root = "/starts";
    long last = 0;
    for (int i = 0; i < 10; i++) {
      try (TestReplica replica = new TestReplica(uri(root))) {
        long token = replica.acquire("started/" + i).token().value();
        assertThat(token).isGreaterThan(last);
        last = token;
      }
    }
    assertThat(Duration.ofNanos(last - nowNanos())).isLessThan(Duration.ofSeconds(5));
  }

  /**
   * The base was written long after its writer's read. Meanwhile the base before it made tokens.
   */
  @Test
  void baseThatCameLate_isReplacedByOneAboveAllTokensBefore() {
    ZookeeperSchema schema = new ZookeeperSchema("/late");
    new TestReplica(uri(schema.root())).close();
    long lateBy = Duration.ofSeconds(40).toNanos();
    long value = nowNanos();
    try (ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + SERVER.port())) {
      client.children(schema.base()).forEach(child -> client.deleteAll(schema.base(child)));
      String late = schema.base(value + "-late");
      client.create(late, new byte[0]);
      Stat stat = client.ask(zk -> zk.exists(late, false));
      byte[] limit = Long.toString(stat.getCzxid() - lateBy).getBytes(US_ASCII);
      client.ask(zk -> zk.setData(late, limit, -1));
    }
    try (TestReplica replica = new TestReplica(uri(schema.root()))) {
      assertThat(replica.acquire("after").token().value()).isGreaterThan(value + lateBy);
    }
  }

  private static long nowNanos() {
    return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
  }

  private static String uri(String root) {
    return "zookeeper://127.0.0.1:" + SERVER.port() + root;
  }
}
