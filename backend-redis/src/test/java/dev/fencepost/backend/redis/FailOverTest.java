package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisSentinels;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.StoreRetry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Fail-overs of the master of a Sentinel set. */
final class FailOverTest {
  private static final RedisSentinels SET = new RedisSentinels();

  @BeforeAll
  static void settle() {
    try (TestReplica probe = new TestReplica(SET.uri())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> TestReplica.namesInAllBuckets().stream().allMatch(probe::isFree));
    }
  }

  @AfterEach
  void heal() {
    SET.heal();
  }

  @AfterAll
  static void end() {
    SET.close();
  }

  @Test
  void orderlyFailOver_keepsGrantsAndWaiters() {
    try (TestReplica a = new TestReplica(SET.uri());
        TestReplica b = new TestReplica(SET.uri())) {
      Grant held = acquire(a, claim("orderly"));
      b.attempt(claim("orderly"), QueueIntent.JOIN);
      awaitReplicated();
      RedisServer former = SET.master();
      RedisServer next = SET.replica();
      SET.failOver();
      // Until then it answers renewals that its successor does not get: those count as lost.
      SET.awaitDemoted(former);
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      awaitAnswer(() -> next.cli("PUBSUB", "CHANNELS").contains(b.id().value()));
      assertThat(b.describe("orderly").replicaQueue()).containsExactly(b.id());
      a.release(held);
      awaitAnswer(() -> b.wakes().contains(new LockName("orderly")));
      Claim waiting = claim("orderly");
      awaitAnswer(() -> isGranted(b.attempt(waiting, QueueIntent.JOIN)));
      assertThat(b.acquire(waiting).token()).isGreaterThan(held.token());
    }
  }

  @Test
  void killedMaster_isReplacedAndTokensRise() {
    try (TestReplica a = new TestReplica(SET.uri())) {
      Grant held = acquire(a, claim("killed", Duration.ofSeconds(30)));
      awaitReplicated();
      RedisServer next = SET.replica();
      SET.master().kill();
      SET.awaitMaster(next);
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      Claim another = claim("killed/2", Duration.ofSeconds(2));
      awaitAnswer(() -> isGranted(a.attempt(another, QueueIntent.NONE)));
      assertThat(a.acquire(another).token()).isGreaterThan(held.token());
    }
  }

  @Test
  void pausedMaster_isReplacedWithoutATwinGrant() {
    try (TestReplica a = TestReplica.impatient(SET.uri());
        TestReplica b = TestReplica.impatient(SET.uri())) {
      Grant held = acquire(a, claim("paused", Duration.ofSeconds(30)));
      awaitReplicated();
      RedisServer former = SET.master();
      RedisServer next = SET.replica();
      former.pause();
      SET.awaitMaster(next);
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      former.resume();
      SET.awaitDemoted(former);
      awaitAnswer(() -> !isGranted(b.attempt(claim("paused"), QueueIntent.NONE)));
      assertThat(StoreRetry.ask(() -> a.backend().renew(held.ref())))
          .isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void grantThatTheNewMasterNeverSaw_isRememberedByItsReplica() {
    try (TestReplica a = new TestReplica(SET.uri());
        TestReplica b = new TestReplica(SET.uri())) {
      RedisServer former = SET.master();
      RedisServer next = SET.replica();
      Duration ttl = Duration.ofSeconds(12);
      next.pause();
      Grant lost = acquire(a, claim("lost", ttl));
      long grantedNanos = System.nanoTime();
      former.kill();
      next.resume();
      SET.awaitMaster(next);
      // The replica that comes first does not know that grant.
      Claim claim = claim("lost", Duration.ofSeconds(2));
      awaitAnswer(() -> isGranted(b.attempt(claim, QueueIntent.NONE)));
      assertThat(b.acquire(claim).token()).isGreaterThan(lost.token());
      assertThat(Duration.ofNanos(System.nanoTime() - grantedNanos))
          .as("the replica that granted it told the new master")
          .isGreaterThan(ttl.minusSeconds(1));
    }
  }

  @Test
  void renewalThatTheNewMasterNeverSaw_isRememberedByItsReplica() {
    try (TestReplica a = new TestReplica(SET.uri());
        TestReplica b = new TestReplica(SET.uri())) {
      Duration ttl = Duration.ofSeconds(10);
      Grant held = acquire(a, claim("renewed", ttl));
      long grantedNanos = System.nanoTime();
      awaitReplicated();
      await()
          .atMost(ttl)
          .until(() -> System.nanoTime() - grantedNanos > Duration.ofSeconds(6).toNanos());
      RedisServer former = SET.master();
      RedisServer next = SET.replica();
      next.pause();
      assertThat(answer(a.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      long renewedNanos = System.nanoTime();
      former.kill();
      next.resume();
      SET.awaitMaster(next);
      Claim claim = claim("renewed", Duration.ofSeconds(2));
      awaitAnswer(() -> isGranted(b.attempt(claim, QueueIntent.NONE)));
      assertThat(Duration.ofNanos(System.nanoTime() - renewedNanos))
          .isGreaterThan(ttl.minusMillis(100));
    }
  }

  /** Repeats the attempt, since the set may still be recovering from the test before. */
  private static Grant acquire(TestReplica replica, Claim claim) {
    awaitAnswer(() -> isGranted(replica.attempt(claim, QueueIntent.NONE)));
    return replica.acquire(claim);
  }

  private static void awaitReplicated() {
    assertThat(SET.master().cli("WAIT", "1", "5000")).isNotEmpty();
    await()
        .until(
            () -> {
              List<String> lines = SET.master().cli("INFO", "replication").lines().toList();
              String master = value(lines, "master_repl_offset:");
              return lines.stream()
                  .anyMatch(l -> l.startsWith("slave0:") && l.contains("offset=" + master));
            });
  }

  private static String value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()).strip())
        .findFirst()
        .orElseThrow();
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(50))
        .until(condition);
  }
}
