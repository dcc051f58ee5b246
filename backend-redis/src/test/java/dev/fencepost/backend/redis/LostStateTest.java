package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A Redis that comes back from a dump without the writes after it. The replica that made these
 * writes lives all the time. The other replica is the first to reach the restarted Redis.
 */
final class LostStateTest {
  private static final String LOCK = "held";

  /** The ttl of the leases in the dump. The lost writes happen shortly before these leases end. */
  private static final Duration TTL = Duration.ofSeconds(6);

  private static final Duration SHORT = Duration.ofSeconds(2);

  private final Map<String, Grant> existing = new HashMap<>();
  private final RedisServer redis = new RedisServer("appendonly no");

  @BeforeEach
  void start() {
    redis.start();
    try (TestReplica probe = new TestReplica(redis.uri())) {
      awaitAnswer(() -> TestReplica.namesInAllBuckets().stream().allMatch(probe::isFree));
    }
  }

  @AfterEach
  void end() {
    redis.close();
  }

  /** One lock for each operation that proves a lock held or closed, each in a bucket of its own. */
  @Test
  void stateMissingFromADump_keepsLocksFromOthersUntilItsEnd() {
    Map<String, Consumer<TestReplica>> lost = new LinkedHashMap<>();
    lost.put("a renewal", a -> renew(a, "a renewal"));
    Claim repeated = claim("repetition", TTL);
    lost.put("repetition", a -> a.acquire(repeated));
    lost.put("grant", a -> a.acquire(claim("grant", TTL)));
    lost.put("hand-over", a -> handOver(a, "hand-over"));
    lost.put("closing", a -> close(a, "closing"));
    lost.put("forced release", a -> forceRelease(a, "forced release", Optional.of(TTL)));
    lost.put("closing again", a -> forceRelease(a, "closing anew", Optional.of(TTL)));
    assertThat(lost.keySet().stream().map(LockName::new).map(RedisSchema::bucketOf))
        .doesNotHaveDuplicates();
    try (TcpProxy proxy = new TcpProxy(redis.port());
        TestReplica a = new TestReplica(RedisServer.uri(proxy.port()));
        TestReplica b = new TestReplica(redis.uri())) {
      long keptNanos = System.nanoTime();
      for (String lock : lost.keySet()) {
        if (lock.equals("repetition")) {
          a.acquire(repeated);
        } else if (!lock.equals("grant")) {
          existing.put(lock, a.acquire(claim(lock, TTL)));
        }
      }
      forceRelease(a, "closing again", Optional.empty());
      redis.cli("SAVE");
      awaitElapsed(keptNanos, TTL.minusMillis(1200));
      lost.values().forEach(step -> step.accept(a));
      long lostNanos = System.nanoTime();
      redis.kill();
      proxy.refuse();
      awaitElapsed(keptNanos, TTL.plusMillis(100));
      redis.start();
      // The other replica comes first.
      awaitAnswer(() -> b.describe("a renewal") != null);
      lost.keySet()
          .forEach(
              lock ->
                  assertThat(isGranted(b.attempt(claim(lock, SHORT), QueueIntent.NONE)))
                      .as(lock)
                      .isFalse());
      proxy.resume();
      for (String lock : lost.keySet()) {
        Claim next = claim(lock);
        awaitAnswer(() -> isGranted(b.attempt(next, QueueIntent.NONE)));
        assertThat(Duration.ofNanos(System.nanoTime() - lostNanos))
            .as(lock)
            .isGreaterThan(TTL.minusMillis(100));
      }
    }
  }

  @Test
  void orderlyRestart_isQuietNoLongerThanOthersNeedToComeBack() {
    try (TestReplica a = new TestReplica(redis.uri());
        TestReplica b = new TestReplica(redis.uri())) {
      Grant held = a.acquire(claim(LOCK, Duration.ofMinutes(10)));
      redis.cli("SAVE");
      redis.kill();
      redis.start();
      awaitAnswer(() -> isGranted(b.attempt(claim("another"), QueueIntent.NONE)));
      awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
      assertThat(isGranted(b.attempt(claim(LOCK), QueueIntent.NONE))).isFalse();
    }
  }

  private void renew(TestReplica a, String lock) {
    assertThat(answer(a.backend().renew(held(lock).ref()))).isInstanceOf(Renewal.Renewed.class);
  }

  private void handOver(TestReplica a, String lock) {
    Claim next = claim(lock, TTL);
    assertThat(
            isGranted(answer(a.backend().handOver(held(lock).ref(), next, QueueIntent.STAY)).got()))
        .isTrue();
  }

  private void close(TestReplica a, String lock) {
    GrantRef held = held(lock).ref();
    ReleaseCommand command =
        new ReleaseCommand(held.lock(), held.claim(), Optional.of(held.token()), TTL, "");
    assertThat(answer(a.backend().release(command))).isEqualTo(new Release.Released());
  }

  private Grant held(String lock) {
    return Objects.requireNonNull(existing.get(lock));
  }

  private static void forceRelease(TestReplica a, String lock, Optional<Duration> closeFor) {
    answer(
        a.backend()
            .forceRelease(
                new ForceReleaseCommand(new LockName(lock), "why", Optional.empty(), closeFor)));
  }

  private static void awaitElapsed(long sinceNanos, Duration time) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> System.nanoTime() - sinceNanos > time.toNanos());
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(20))
        .until(condition);
  }
}
