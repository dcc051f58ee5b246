package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.SmallDisk;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A server with a full disk, and one restored from an old backup. */
final class FullDiskAndRestoreTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int CHUNK_BYTES = 500_000;

  @Test
  void fullDisk_isUnreachableAndLosesNothing() {
    try (SmallDisk disk = new SmallDisk(16);
        ZookeeperServer server = new ZookeeperServer().with("dataDir=" + disk.folder())) {
      server.start();
      try (TestReplica replica = new TestReplica(uri(server))) {
        Grant held = replica.acquire("full");
        disk.fill();
        // A large write uses up the space that the log has allocated in advance.
        try (ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + server.port())) {
          client.create("/large", new byte[0]);
          await()
              .atMost(PATIENCE)
              .until(() -> !writes(client, "/large") || isRefused(replica, held));
        }
        await().atMost(PATIENCE).until(() -> isRefused(replica, held));

        disk.makeRoom();
        server.restart();

        awaitAnswer(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
        assertThat(answer(replica.backend().release(ReleaseCommand.of(held.ref()))))
            .isEqualTo(new Release.Released());
        assertThat(replica.acquire("full").token()).isGreaterThan(held.token());
      }
    }
  }

  @Test
  void restoredBackup_stillGivesGreaterTokens() {
    try (ZookeeperServer server = new ZookeeperServer()) {
      server.start();
      Path data = server.folder().resolve("data");
      Path backup = server.folder().resolve("backup");
      try (TestReplica replica = new TestReplica(uri(server))) {
        Grant early = replica.acquire("restored/early");
        server.stop();
        copy(data, backup);
        server.start();
        for (int i = 0; i < 20; i++) {
          replica.acquire("restored/" + i);
        }
        Grant late = replica.acquire("restored/late");
        server.kill();
        delete(data);
        copy(backup, data);
        server.start();

        // The client has seen later transactions than the server has, so it gets a new session.
        Grant after = replica.acquire("restored/after");
        assertThat(after.token()).isGreaterThan(late.token());
        assertThat(replica.acquire("restored/0").token()).isGreaterThan(late.token());
        assertThat(answer(replica.backend().renew(early.ref())))
            .isInstanceOf(Renewal.Renewed.class);
        try (TestReplica stranger = new TestReplica(uri(server))) {
          assertThat(stranger.acquire("restored/stranger").token()).isGreaterThan(after.token());
        }
      }
    }
  }

  private static boolean writes(ZookeeperTestClient client, String path) {
    try {
      client.ask(zk -> zk.setData(path, new byte[CHUNK_BYTES], -1));
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /** True if the renewal fails as unknown; otherwise it must succeed. */
  private static boolean isRefused(TestReplica replica, Grant held) {
    try {
      assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
      return false;
    } catch (StoreException e) {
      assertThat(e.failure()).isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      return true;
    }
  }

  private static void awaitAnswer(Callable<Boolean> condition) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(condition);
  }

  private static void copy(Path from, Path to) {
    for (Path path : below(from)) {
      try {
        Files.copy(path, to.resolve(from.relativize(path)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void delete(Path folder) {
    for (Path path : below(folder).stream().sorted(Comparator.reverseOrder()).toList()) {
      try {
        Files.delete(path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Returns the folder and everything in it, outermost first. */
  private static List<Path> below(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String uri(ZookeeperServer server) {
    return "zookeeper://127.0.0.1:" + server.port() + "/lost";
  }
}
