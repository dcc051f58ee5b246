package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Faults of a single Redis server. */
final class ServerFaultsTest {
  private static final RedisServer REDIS = new RedisServer();

  @BeforeAll
  static void start() {
    REDIS.start();
    awaitSettled();
  }

  @AfterEach
  void heal() {
    REDIS.heal();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void killedAndRestarted_keepsGrantsQueuesAndRisingTokens() {
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      Grant held = a.acquire("killed");
      Claim waiting = claim("killed");
      assertThat(isGranted(b.attempt(waiting, QueueIntent.JOIN))).isFalse();
      REDIS.kill();
      assertThat(failure(a.backend().renew(held.ref())))
          .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      assertThat(failure(a.backend().tryAcquire(claim("killed/2"), QueueIntent.NONE)))
          .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      REDIS.start();
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      awaitAnswer(() -> b.describe("killed").replicaQueue().equals(List.of(b.id())));
      awaitListening(b);
      assertThat(a.release(held)).isEqualTo(new Release.Released());
      awaitAnswer(() -> b.wakes().contains(new LockName("killed")));
      awaitAnswer(() -> isGranted(b.attempt(waiting, QueueIntent.JOIN)));
      assertThat(b.acquire(waiting).token()).isGreaterThan(held.token());
      assertThat(awaitGrant(a, "killed/2").token()).isGreaterThan(held.token());
    }
  }

  @Test
  void pausedForTenSeconds_timesOutCallsAndHoldersSurvive() {
    try (TestReplica a = TestReplica.impatient(REDIS.uri())) {
      Grant held = a.acquire(claim("paused", Duration.ofSeconds(30)));
      Claim late = claim("paused/late");
      REDIS.pause();
      long pausedNanos = System.nanoTime();
      assertThat(failure(a.backend().tryAcquire(late, QueueIntent.NONE)))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      await()
          .atMost(Duration.ofSeconds(11))
          .until(() -> System.nanoTime() - pausedNanos > Duration.ofSeconds(10).toNanos());
      REDIS.resume();
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      // Repeating the attempt without an answer shows its outcome.
      Grant settled = a.acquire(late);
      assertThat(a.acquire(late).ref()).isEqualTo(settled.ref());
    }
  }

  @Test
  void flushed_grantsNothingUntilRememberedLeasesEndedAndTokensRise() {
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      Duration ttl = Duration.ofSeconds(7);
      Grant held = a.acquire(claim("flushed", ttl));
      Grant others = b.acquire(claim("flushed/other", Duration.ofSeconds(2)));
      long grantedNanos = System.nanoTime();
      REDIS.cli("FLUSHALL");
      // The replica that notices first remembers less than the other one.
      assertThat(isGranted(b.attempt(claim("flushed/other"), QueueIntent.NONE))).isFalse();
      Claim next = claim("flushed");
      awaitAnswer(() -> isGranted(b.attempt(next, QueueIntent.JOIN)));
      assertThat(Duration.ofNanos(System.nanoTime() - grantedNanos))
          .isGreaterThan(ttl.minusMillis(500));
      assertThat(b.acquire(next).token()).isGreaterThan(held.token());
      awaitAnswer(() -> isGranted(a.attempt(claim("flushed/other"), QueueIntent.NONE)));
      assertThat(a.describe("flushed/other").lastToken().orElseThrow())
          .isGreaterThan(others.token());
      assertThat(a.attempt(claim("flushed"), QueueIntent.NONE)).isInstanceOf(Attempt.Busy.class);
    } finally {
      awaitSettled();
    }
  }

  @Test
  void emptyRestart_isNoticedAsLostState() {
    try (RedisServer volatileServer = new RedisServer("appendonly no")) {
      volatileServer.start();
      try (TestReplica a = new TestReplica(volatileServer.uri())) {
        awaitAnswer(
            () -> isGranted(a.attempt(claim("empty/0", Duration.ofSeconds(2)), QueueIntent.NONE)));
        Claim first = claim("empty", Duration.ofSeconds(5));
        awaitAnswer(() -> isGranted(a.attempt(first, QueueIntent.NONE)));
        Grant held = a.acquire(first);
        long heldNanos = System.nanoTime();
        volatileServer.kill();
        volatileServer.start();
        Claim second = claim("empty");
        awaitAnswer(() -> isGranted(a.attempt(second, QueueIntent.NONE)));
        assertThat(Duration.ofNanos(System.nanoTime() - heldNanos))
            .isGreaterThan(Duration.ofMillis(4500));
        assertThat(a.acquire(second).token()).isGreaterThan(held.token());
      }
    }
  }

  @Test
  void flushedScripts_areSentAgain() {
    try (TestReplica a = new TestReplica(REDIS.uri())) {
      a.acquire("scripts");
      for (int round = 0; round < 5; round++) {
        REDIS.cli("SCRIPT", "FLUSH", "SYNC");
        List<CompletionStage<Attempt>> attempts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          attempts.add(
              a.backend().tryAcquire(claim("scripts/" + round + "/" + i), QueueIntent.NONE));
        }
        attempts.forEach(each -> assertThat(isGranted(answer(each))).isTrue());
      }
    }
  }

  @Test
  void killedConnections_areMadeAgainAndNoWaiterIsForgotten() {
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      Grant held = a.acquire("connections");
      b.attempt(claim("connections"), QueueIntent.JOIN);
      REDIS.cli("CLIENT", "KILL", "TYPE", "normal");
      REDIS.cli("CLIENT", "KILL", "TYPE", "pubsub");
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      awaitListening(b);
      assertThat(b.describe("connections").replicaQueue()).containsExactly(b.id());
      a.release(held);
      awaitAnswer(() -> b.wakes().contains(new LockName("connections")));
      b.acquire("connections");
    }
  }

  @Test
  void demotedServer_isUnreachableAndNeverAnswersLost() {
    try (TestReplica a = new TestReplica(REDIS.uri())) {
      Grant held = a.acquire("readonly");
      LockName gone = new LockName("readonly/gone");
      // There is no such master, so it keeps its data.
      REDIS.cli("REPLICAOF", "127.0.0.1", "1");
      try {
        for (int i = 0; i < 20; i++) {
          assertThat(failure(a.backend().renew(held.ref()))).isEqualTo(Failure.STORE_UNREACHABLE);
          assertThat(failure(a.backend().release(ReleaseCommand.withdrawal(gone, claim("x").id()))))
              .isEqualTo(Failure.STORE_UNREACHABLE);
          assertThat(failure(a.backend().tryAcquire(claim("readonly"), QueueIntent.NONE)))
              .isEqualTo(Failure.STORE_UNREACHABLE);
          assertThat(failure(a.backend().describe(List.of(new LockName("readonly")))))
              .isEqualTo(Failure.STORE_UNREACHABLE);
        }
      } finally {
        REDIS.cli("REPLICAOF", "NO", "ONE");
      }
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      assertThat(awaitGrant(a, "readonly/2").token()).isGreaterThan(held.token());
    }
  }

  @Test
  void fullMemory_refusesNewGrantsButRenewsHandsOverAndReleases() {
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      Grant renewed = a.acquire("full/1");
      Grant released = a.acquire("full/2");
      Grant waitedFor = a.acquire("full/3");
      b.attempt(claim("full/3"), QueueIntent.JOIN);
      REDIS.cli("CONFIG", "SET", "maxmemory", "1");
      try {
        assertThat(failure(a.backend().tryAcquire(claim("full/4"), QueueIntent.NONE)))
            .isEqualTo(Failure.STORE_FULL);
        assertThat(answer(a.backend().renew(renewed.ref()))).isInstanceOf(Renewal.Renewed.class);
        Claim next = claim("full/1");
        Grant passedOn =
            TestReplica.granted(
                answer(a.backend().handOver(renewed.ref(), next, QueueIntent.JOIN)).got());
        assertThat(passedOn.token()).isGreaterThan(renewed.token());
        assertThat(a.release(released)).isEqualTo(new Release.Released());
        assertThat(a.release(waitedFor)).isEqualTo(new Release.Released());
        awaitAnswer(() -> b.wakes().contains(new LockName("full/3")));
        assertThat(answer(a.backend().info()).id()).isEqualTo(a.info().id());
      } finally {
        REDIS.cli("CONFIG", "SET", "maxmemory", "0");
      }
      a.acquire("full/4");
    }
  }

  @Test
  void keyOfAnotherType_isAnUnreadableRecord() {
    try (TestReplica a = new TestReplica(REDIS.uri())) {
      Grant held = a.acquire("type");
      LockName lock = new LockName("type");
      String key = "fp:{" + RedisSchema.bucketOf(lock) + "}:l:type";
      REDIS.cli("DEL", key);
      REDIS.cli("LPUSH", key, "x");
      assertThat(failure(a.backend().tryAcquire(claim("type"), QueueIntent.NONE)))
          .isEqualTo(Failure.RECORD_UNREADABLE);
      assertThat(failure(a.backend().renew(held.ref()))).isEqualTo(Failure.RECORD_UNREADABLE);
      assertThat(failure(a.backend().release(ReleaseCommand.of(held.ref()))))
          .isEqualTo(Failure.RECORD_UNREADABLE);
    }
  }

  @Test
  void silentNetwork_isNoticedAndTheConnectionMadeAgain() {
    try (TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica a = TestReplica.impatient(RedisServer.uri(proxy.port()))) {
      Grant held = a.acquire("silent");
      proxy.swallow(TcpProxy.Direction.ANSWERS);
      assertThat(failure(a.backend().renew(held.ref()))).isEqualTo(Failure.STORE_TIMEOUT);
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(failure(a.backend().renew(held.ref())))
                      .isEqualTo(Failure.STORE_UNREACHABLE));
      proxy.resume();
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
    }
  }

  @Test
  void closingWhileRedisIsPaused_takesAFewSeconds() {
    TestReplica a = new TestReplica(REDIS.uri());
    REDIS.pause();
    CompletionStage<Attempt> attempts = a.backend().tryAcquire(claim("closing"), QueueIntent.NONE);
    long begun = System.nanoTime();
    a.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
    assertThat(failure(attempts)).isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
  }

  @Test
  void callsAboveTheBounds_waitOrAreRefused() {
    Map<String, String> options = Map.of("in-flight", "256", "queue", "100");
    try (TestReplica a = new TestReplica(REDIS.uri(), options)) {
      REDIS.pause();
      List<CompletionStage<Attempt>> attempts = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        attempts.add(a.backend().tryAcquire(claim("bounds/" + i), QueueIntent.NONE));
      }
      assertThat(failure(attempts.get(400))).isEqualTo(Failure.STORE_OVERLOADED);
      REDIS.resume();
      attempts.subList(0, 356).forEach(each -> assertThat(isGranted(answer(each))).isTrue());
    }
  }

  /** Repeats the attempt: after a start of Redis there is a quiet time. */
  private static Grant awaitGrant(TestReplica replica, String lock) {
    Claim claim = claim(lock);
    awaitAnswer(() -> isGranted(replica.attempt(claim, QueueIntent.NONE)));
    return replica.acquire(claim);
  }

  /** Waits until Redis has the replica's channel. */
  private static void awaitListening(TestReplica replica) {
    awaitAnswer(() -> REDIS.cli("PUBSUB", "CHANNELS").contains(replica.id().value()));
  }

  private static void awaitSettled() {
    try (TestReplica probe = new TestReplica(REDIS.uri())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> TestReplica.namesInAllBuckets().stream().allMatch(probe::isFree));
    }
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .until(condition);
  }
}
