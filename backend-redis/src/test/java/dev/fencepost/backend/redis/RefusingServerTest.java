package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A Redis that answers but cannot serve. Its errors are never mistaken for a lock's state. */
final class RefusingServerTest {

  @Test
  void loading_isUnreachableAndLostStateIsLookedForAfterwards() {
    try (RedisServer slow =
        new RedisServer(
            "appendonly no",
            "key-load-delay 10000",
            "loading-process-events-interval-bytes 1024")) {
      slow.start();
      try (TestReplica a = new TestReplica(slow.uri());
          TestReplica b = new TestReplica(slow.uri())) {
        awaitAnswer(() -> isGranted(a.attempt(claim("settled"), QueueIntent.NONE)));
        Grant kept = a.acquire(claim("kept", Duration.ofMinutes(1)));
        slow.cli("EVAL", "for i=1,300 do redis.call('SET','x'..i,string.rep('x',999)) end", "0");
        slow.cli("SAVE");
        Duration ttl = Duration.ofSeconds(15);
        a.acquire(claim("lost", ttl));
        long lostNanos = System.nanoTime();
        slow.kill();
        slow.start();
        assertThat(slow.cli("PING")).contains("LOADING");
        awaitAnswer(() -> isUnreachable(a, "LOADING"));
        assertNothingIsAnswered(a, kept);
        assertThat(slow.cli("PING")).as("still").contains("LOADING");
        awaitAnswer(() -> !slow.cli("PING").contains("LOADING"));
        // The replica that knows sends no requests of its own.
        Claim next = claim("lost");
        awaitAnswer(() -> isGranted(b.attempt(next, QueueIntent.NONE)));
        assertThat(Duration.ofNanos(System.nanoTime() - lostNanos))
            .isGreaterThan(ttl.minusMillis(100));
        assertThat(answer(a.backend().renew(kept.ref()))).isInstanceOf(Renewal.Renewed.class);
      }
    }
  }

  @Test
  void busyWithAScript_isUnreachableAndGoesOnAfterwards() {
    try (RedisServer busy = new RedisServer("appendonly no", "busy-reply-threshold 50")) {
      busy.start();
      try (TestReplica a = new TestReplica(busy.uri())) {
        awaitAnswer(() -> isGranted(a.attempt(claim("settled"), QueueIntent.NONE)));
        Grant held = a.acquire("busy");
        CompletableFuture<String> endless =
            CompletableFuture.supplyAsync(() -> busy.cli("EVAL", "while true do end", "0"));
        awaitAnswer(() -> busy.cli("PING").contains("BUSY"));
        assertNothingIsAnswered(a, held);
        busy.cli("SCRIPT", "KILL");
        endless.join();
        awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
        assertThat(a.release(held)).isEqualTo(new Release.Released());
      }
    }
  }

  @Test
  void failedSave_refusesWritesAsUnreachableAndGoesOnAfterwards() {
    try (RedisServer server = new RedisServer("appendonly no", "save 3600 1000000")) {
      server.start();
      try (TestReplica a = new TestReplica(server.uri())) {
        awaitAnswer(() -> isGranted(a.attempt(claim("settled"), QueueIntent.NONE)));
        Grant held = a.acquire("misconf");
        // A dump that cannot be written, since a folder has its name.
        assertThat(server.folder().resolve("dump.rdb").resolve("full").toFile().mkdirs()).isTrue();
        server.cli("BGSAVE");
        awaitAnswer(() -> isUnreachable(a, "MISCONF"));
        assertWritesAreNotAnswered(a, held);
        server.cli("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
        awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
        assertThat(a.release(held)).isEqualTo(new Release.Released());
      }
    }
  }

  @Test
  void refusedAndSlowConnections_areTypedFailuresAndRecoverByThemselves() {
    try (RedisServer server = new RedisServer("appendonly no")) {
      server.start();
      try (TcpProxy proxy = new TcpProxy(server.port());
          TestReplica a = TestReplica.impatient(RedisServer.uri(proxy.port()))) {
        awaitAnswer(() -> isGranted(a.attempt(claim("settled"), QueueIntent.NONE)));
        Grant held = a.acquire("refused");
        proxy.refuse();
        for (int i = 0; i < 100; i++) {
          assertNothingIsAnswered(a, held);
        }
        proxy.resume();
        awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
        proxy.delay(TcpProxy.Direction.ANSWERS, Duration.ofMillis(300));
        assertThat(answer(a.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
        a.acquire("refused/slow");
        proxy.delay(TcpProxy.Direction.ANSWERS, Duration.ofSeconds(4));
        assertThat(failure(a.backend().renew(held.ref()))).isEqualTo(Failure.STORE_TIMEOUT);
        proxy.resume();
        awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
        assertThat(a.release(held)).isEqualTo(new Release.Released());
      }
    }
  }

  private static boolean isUnreachable(TestReplica replica, String why) {
    try {
      answer(replica.backend().tryAcquire(claim("never"), QueueIntent.NONE));
      return false;
    } catch (StoreException e) {
      return e.failure() == Failure.STORE_UNREACHABLE && e.getMessage().contains(why);
    }
  }

  private static void assertNothingIsAnswered(TestReplica replica, Grant held) {
    assertWritesAreNotAnswered(replica, held);
    assertThat(failure(replica.backend().describe(List.of(held.ref().lock()))))
        .isEqualTo(Failure.STORE_UNREACHABLE);
    assertThat(failure(replica.backend().info())).isEqualTo(Failure.STORE_UNREACHABLE);
  }

  private static void assertWritesAreNotAnswered(TestReplica replica, Grant held) {
    LockName lock = held.ref().lock();
    assertThat(failure(replica.backend().renew(held.ref()))).isEqualTo(Failure.STORE_UNREACHABLE);
    assertThat(failure(replica.backend().release(ReleaseCommand.of(held.ref()))))
        .isEqualTo(Failure.STORE_UNREACHABLE);
    assertThat(failure(replica.backend().tryAcquire(claim(lock.value()), QueueIntent.JOIN)))
        .isEqualTo(Failure.STORE_UNREACHABLE);
    assertThat(
            failure(replica.backend().handOver(held.ref(), claim(lock.value()), QueueIntent.JOIN)))
        .isEqualTo(Failure.STORE_UNREACHABLE);
    assertThat(failure(replica.backend().leave(lock))).isEqualTo(Failure.STORE_UNREACHABLE);
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(20))
        .until(condition);
  }
}
