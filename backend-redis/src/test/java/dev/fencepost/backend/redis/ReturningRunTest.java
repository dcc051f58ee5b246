package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A Redis process that is demoted and promoted again, and keeps its scripts meanwhile. */
final class ReturningRunTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final String LOCK = "returning";

  private final RedisServer first = new RedisServer("appendonly no");
  private final RedisServer second = new RedisServer("appendonly no");

  @BeforeEach
  void start() {
    first.start();
    second.start();
  }

  @AfterEach
  void end() {
    first.close();
    second.close();
  }

  @Test
  void processPromotedAgain_grantsNothingThatItLostInBetween() {
    try (TcpProxy toA = new TcpProxy(first.port());
        TcpProxy toB = new TcpProxy(first.port());
        TestReplica a = new TestReplica(RedisServer.uri(toA.port()));
        TestReplica b = new TestReplica(RedisServer.uri(toB.port()))) {
      follow(second, first);
      // Both know the scripts of this run, but only one the grant.
      Claim known = claim(LOCK);
      awaitAnswer(() -> isGranted(b.attempt(known, QueueIntent.NONE)));
      b.release(b.acquire(known));
      assertThat(first.cli("WAIT", "1", "30000").strip()).isEqualTo("1");
      second.cli("REPLICAOF", "NO", "ONE");
      a.acquire(LOCK);
      toA.refuse();
      follow(first, second);
      // Again after it has opened its connection again.
      awaitRefused(b);
      awaitRefused(b);
      // Its next request is the first one after the promotion.
      toB.hold(TcpProxy.Direction.REQUESTS);
      CompletionStage<Attempt> held = b.backend().tryAcquire(claim(LOCK), QueueIntent.NONE);
      first.cli("REPLICAOF", "NO", "ONE");
      toB.resume();
      assertThat(isGranted(answer(held))).isFalse();
      toA.resume();
      awaitAnswer(
          () -> {
            assertThat(isGranted(b.attempt(claim(LOCK), QueueIntent.NONE))).isFalse();
            return b.describe(LOCK).freeIn().compareTo(Duration.ofSeconds(20)) > 0;
          });
    }
  }

  @Test
  void firstReplicaThatFollows_isNoNewBeginning() {
    new TestReplica(first.uri()).close();
    String before = first.cli("GET", "fp:{7}:run");
    follow(second, first);
    new TestReplica(first.uri()).close();
    assertThat(first.cli("GET", "fp:{7}:run")).isNotBlank().isEqualTo(before);
  }

  private static void follow(RedisServer replica, RedisServer master) {
    replica.cli("REPLICAOF", "127.0.0.1", "" + master.port());
    await()
        .atMost(PATIENCE)
        .until(() -> replica.cli("INFO", "replication").contains("master_link_status:up"));
  }

  private static void awaitRefused(TestReplica replica) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(2))
        .untilAsserted(
            () ->
                assertThatThrownBy(
                        () -> answer(replica.backend().tryAcquire(claim(LOCK), QueueIntent.NONE)))
                    .hasMessageContaining("READONLY"));
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(2))
        .until(condition);
  }
}
