package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.SmallDisk;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** A Redis that cannot write its append-only file. */
final class FullDiskTest {

  @Test
  void fullDisk_isUnreachableAndRecoversWithoutARestart() {
    try (SmallDisk disk = new SmallDisk(8);
        RedisServer server = new RedisServer("dir " + disk.folder(), "appendfsync everysec")) {
      server.start();
      try (TestReplica a = new TestReplica(server.uri())) {
        Grant held = a.acquire("full/disk");
        disk.fill();
        awaitAnswer(() -> isRefused(a, held));
        assertThat(failure(a.backend().release(ReleaseCommand.of(held.ref()))))
            .isEqualTo(Failure.STORE_UNREACHABLE);
        assertThat(failure(a.backend().tryAcquire(claim("full/disk"), QueueIntent.JOIN)))
            .isEqualTo(Failure.STORE_UNREACHABLE);
        disk.makeRoom();
        awaitAnswer(() -> answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed);
        assertThat(a.release(held)).isEqualTo(new Release.Released());
        assertThat(a.acquire("full/disk").token()).isGreaterThan(held.token());
      }
    }
  }

  @Test
  void fullDiskOfARedisThatSyncsAlways_endsItAndLosesNothing() {
    try (SmallDisk disk = new SmallDisk(8);
        RedisServer server = new RedisServer("dir " + disk.folder())) {
      server.start();
      try (TestReplica a = new TestReplica(server.uri())) {
        Grant held = a.acquire("full/always");
        disk.fill();
        awaitAnswer(() -> isRefused(a, held));
        disk.makeRoom();
        awaitAnswer(
            () -> {
              server.start(); // Once it has ended.
              return answer(a.backend().renew(held.ref())) instanceof Renewal.Renewed;
            });
        assertThat(a.release(held)).isEqualTo(new Release.Released());
      }
    }
  }

  /** Renews once. True if the outcome is unknown; any reply but success fails the test. */
  private static boolean isRefused(TestReplica replica, Grant held) {
    try {
      assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      return false;
    } catch (StoreException e) {
      assertThat(e.failure()).isEqualTo(Failure.STORE_UNREACHABLE);
      return true;
    }
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(20))
        .until(condition);
  }
}
