package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replicas that are paused or cut off while their leases end and locks are reserved for them. */
final class AbsentReplicaTest {
  private static final RedisServer REDIS = new RedisServer("appendonly no");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void pausedPastItsLeaseAndItsTurn_confirmsNothingFromMemoryAndHarmsNobody() {
    try (TestReplica b = new TestReplica(REDIS.uri())) {
      Grant awaited = b.acquire("awaited");
      try (ChildJvm child =
          ChildJvm.start(
              List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
              ReplicaProgram.class,
              REDIS.uri(),
              "short",
              "long",
              "awaited")) {
        String ready = child.awaitLine(line -> line.startsWith("ready "), PATIENCE);
        ReplicaId paused = new ReplicaId(ready.substring("ready ".length()));
        assertThat(b.describe("awaited").replicaQueue()).containsExactly(paused);
        child.pause();
        Claim next = claim("short");
        await().atMost(PATIENCE).until(() -> isGranted(b.attempt(next, QueueIntent.NONE)));
        b.release(awaited);
        Claim newcomer = claim("awaited");
        assertThat(isGranted(b.attempt(newcomer, QueueIntent.NONE)))
            .as("reserved for the paused replica")
            .isFalse();
        await().atMost(PATIENCE).until(() -> isGranted(b.attempt(newcomer, QueueIntent.NONE)));
        child.resume();
        child.send("what is left?");
        assertThat(child.awaitLine(line -> true, PATIENCE)).isEqualTo("SUPERSEDED renewed");
        assertStands(b, b.acquire(next));
        assertStands(b, b.acquire(newcomer));
      }
    }
  }

  @Test
  void attemptThatWasHeldUpPastItsTurn_isNotGranted() {
    try (TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica cutOff = new TestReplica(RedisServer.uri(proxy.port()));
        TestReplica b = new TestReplica(REDIS.uri())) {
      Grant held = b.acquire("held/up");
      Claim waiting = claim("held/up");
      assertThat(isGranted(cutOff.attempt(waiting, QueueIntent.JOIN))).isFalse();
      proxy.hold(TcpProxy.Direction.REQUESTS);
      b.release(held);
      CompletionStage<Attempt> late = cutOff.backend().tryAcquire(waiting, QueueIntent.JOIN);
      Claim newcomer = claim("held/up");
      await().atMost(PATIENCE).until(() -> isGranted(b.attempt(newcomer, QueueIntent.NONE)));
      proxy.resume();
      assertThat(isGranted(answer(late))).isFalse();
      assertStands(b, b.acquire(newcomer));
    }
  }

  @Test
  void attemptThatWasLost_isUnknownAndNeverSentAgainByItself() {
    try (TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica cutOff = TestReplica.impatient(RedisServer.uri(proxy.port()));
        TestReplica b = new TestReplica(REDIS.uri())) {
      Grant held = b.acquire("lost/attempt");
      Claim waiting = claim("lost/attempt");
      assertThat(isGranted(cutOff.attempt(waiting, QueueIntent.JOIN))).isFalse();
      proxy.swallow(TcpProxy.Direction.REQUESTS);
      b.release(held);
      assertThat(failure(cutOff.backend().tryAcquire(waiting, QueueIntent.JOIN)))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      proxy.resume();
      await()
          .atMost(PATIENCE)
          .until(() -> isGranted(b.attempt(claim("lost/attempt"), QueueIntent.NONE)));
    }
  }

  private static void assertStands(TestReplica replica, Grant grant) {
    assertThat(answer(replica.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
  }
}
