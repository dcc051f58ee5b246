package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A bucket that lost its state grants nothing for a time, and nothing ends that time early. */
final class QuietTimeTest {
  private static final RedisServer REDIS = new RedisServer("appendonly no");
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofSeconds(2);

  @BeforeAll
  static void start() {
    REDIS.start();
    new TestReplica(REDIS.uri()).close();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void forcedRelease_leavesTheQuietTimeOfItsBucket() {
    List<String> names = namesOfBucket(11);
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      await().until(() -> isGranted(a.attempt(claim(names.get(0), LONG), QueueIntent.NONE)));
      loseTokens(11);
      assertQuiet(a, names.get(1));
      Revocation revoked =
          answer(
              a.backend()
                  .forceRelease(
                      new ForceReleaseCommand(
                          new LockName(names.get(0)), "why", Optional.empty(), Optional.empty())));
      assertThat(revoked).isInstanceOf(Revocation.Revoked.class);
      assertQuiet(b, names.get(1));
    }
  }

  @Test
  void renewalsHandOversAndMarks_leaveTheQuietTimeOfTheirBucket() {
    List<String> names = namesOfBucket(12);
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      await().until(() -> isGranted(a.attempt(claim(names.get(0), LONG), QueueIntent.NONE)));
      Grant held = a.acquire(claim(names.get(1), LONG));
      loseTokens(12);
      assertQuiet(a, names.get(2));
      assertThat(answer(a.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      assertQuiet(b, names.get(2));
      answer(a.backend().advance(resourceOfBucket(12), held.token()));
      assertQuiet(b, names.get(2));
      assertThat(
              isGranted(
                  answer(a.backend().handOver(held.ref(), claim(names.get(1)), QueueIntent.JOIN))
                      .got()))
          .isFalse();
      assertQuiet(b, names.get(2));
    }
  }

  @Test
  void shorterMemory_doesNotReplaceALongerQuietTime() {
    List<String> names = namesOfBucket(13);
    try (TestReplica a = new TestReplica(REDIS.uri());
        TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica b = new TestReplica(RedisServer.uri(proxy.port()))) {
      await().until(() -> isGranted(a.attempt(claim(names.get(0), LONG), QueueIntent.NONE)));
      // The replica with the shorter memory knows the higher token.
      b.acquire(claim(names.get(1), SHORT));
      loseTokens(13);
      assertQuiet(a, names.get(2));
      assertQuiet(b, names.get(2));
      assertQuiet(a, names.get(2));
    }
  }

  @Test
  void emptiedStore_isNoticedByAnIdleReplica() {
    List<String> names = namesOfBucket(14);
    try (TestReplica a = new TestReplica(REDIS.uri());
        TestReplica b = new TestReplica(REDIS.uri())) {
      awaitAnswer(() -> isGranted(a.attempt(claim(names.get(0), LONG), QueueIntent.NONE)));
      REDIS.cli("FLUSHALL");
      awaitAnswer(() -> b.describe(names.get(0)).freeIn().compareTo(Duration.ofSeconds(20)) > 0);
    }
  }

  private static void assertQuiet(TestReplica replica, String lock) {
    LockState state = TestReplica.busy(replica.attempt(claim(lock, SHORT), QueueIntent.NONE));
    assertThat(state.freeIn()).isGreaterThan(Duration.ofSeconds(30));
  }

  private static void loseTokens(int bucket) {
    REDIS.cli("DEL", new String(new RedisSchema("fp").tokens(bucket), StandardCharsets.US_ASCII));
  }

  private static List<String> namesOfBucket(int bucket) {
    return IntStream.range(0, 100_000)
        .mapToObj(i -> "quiet/" + i)
        .filter(name -> RedisSchema.bucketOf(new LockName(name)) == bucket)
        .limit(3)
        .toList();
  }

  private static ResourceName resourceOfBucket(int bucket) {
    return IntStream.range(0, 100_000)
        .mapToObj(i -> new ResourceName("quiet/" + i))
        .filter(name -> RedisSchema.bucketOf(name) == bucket)
        .findFirst()
        .orElseThrow();
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(20))
        .until(condition);
  }
}
