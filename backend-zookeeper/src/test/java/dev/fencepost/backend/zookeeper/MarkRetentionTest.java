package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.FenceMarks;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Fence marks are kept while they are used, and for their retention after that. */
final class MarkRetentionTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();
  private static final ZookeeperSchema SCHEMA = new ZookeeperSchema("/retention");

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void unusedMarks_areForgottenAfterTheRetentionOnly() {
    try (TestReplica replica = replica();
        ZookeeperTestClient client = new ZookeeperTestClient(at())) {
      ResourceName resource = new ResourceName("unused");
      long token = replica.acquire("unused").token().value();
      answer(replica.backend().advance(resource, new FencingToken(token)));

      replica.purge(Duration.ZERO, Duration.ofHours(1));
      assertThat(answer(replica.backend().advance(resource, new FencingToken(token - 1))))
          .as("a mark within its retention")
          .isEqualTo(new FenceAdvance.Stale(new FencingToken(token)));

      replica.purge(Duration.ofHours(1), Duration.ZERO);
      assertThat(nodes(client)).as("nodes of marks beyond their retention").isEmpty();
      assertThat(answer(replica.backend().advance(resource, new FencingToken(token - 1))))
          .isInstanceOf(FenceAdvance.Advanced.class);
    }
  }

  @Test
  void usedMark_isKeptAlthoughNobodyRaisesIt() {
    Duration retention = Duration.ofSeconds(2);
    try (TestReplica replica = replica()) {
      ResourceName resource = new ResourceName("used");
      FencingToken token = replica.acquire("used").token();
      FenceMarks marks = replica.store().marks.withRetention(retention);
      answer(marks.advance(resource, token, CallDeadline.in(TestReplica.CALL_TIMEOUT)));
      // Longer than the retention in total, but each pause is shorter.
      for (int i = 0; i < 6; i++) {
        await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        assertThat(
                answer(marks.advance(resource, token, CallDeadline.in(TestReplica.CALL_TIMEOUT))))
            .isEqualTo(new FenceAdvance.Unchanged(token));
      }
      replica.purge(Duration.ofHours(1), retention);
      assertThat(answer(marks.advance(resource, token, CallDeadline.in(TestReplica.CALL_TIMEOUT))))
          .isEqualTo(new FenceAdvance.Unchanged(token));
    }
  }

  private static List<String> nodes(ZookeeperTestClient client) {
    return IntStream.range(0, NodeName.BUCKETS)
        .boxed()
        .flatMap(bucket -> client.children(SCHEMA.markBucket(bucket)).stream())
        .toList();
  }

  private static TestReplica replica() {
    return new TestReplica("zookeeper://" + at() + SCHEMA.root());
  }

  private static String at() {
    return "127.0.0.1:" + SERVER.port();
  }
}
