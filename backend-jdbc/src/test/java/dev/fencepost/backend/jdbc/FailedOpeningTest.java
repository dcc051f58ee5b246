package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An attempt to open that fails leaves nothing behind: no thread, and no lock on H2's folder. */
final class FailedOpeningTest {
  private static final Replica SELF =
      new Replica(ReplicaId.of(1), "nowhere:1", Replica.Phase.SERVING);

  @TempDir Path folder;

  @Test
  void storeThatCannotBeMade_leavesNothingOpen() throws IOException {
    Set<Thread> before = ownThreads();
    H2StoreUnderTest store = new H2StoreUnderTest(folder);
    JdbcBackend broken = new JdbcBackend(store.dialect(), withoutReadConnections(), new Random());
    assertThatThrownBy(() -> broken.open(SELF, lock -> {}))
        .isInstanceOf(IllegalArgumentException.class);
    await().atMost(Duration.ofSeconds(20)).until(() -> before.containsAll(ownThreads()));
    assertNobodyLocksTheFolder();
    try (TestReplica replica = new TestReplica(store.uri())) {
      replica.acquire("after a failure");
    }
  }

  @Test
  void preparationThatFails_leavesNothingOpen() throws IOException {
    H2StoreUnderTest store = new H2StoreUnderTest(folder);
    SqlDialect dialect = store.dialect();
    dialect.prepare();
    dialect.close();
    Path database = folder.resolve("fencepost.mv.db");
    JdbcBackend broken =
        new JdbcBackend(dialect, JdbcSettings.of(StoreSettings.of(store.uri())), new Random());
    try (FileChannel file = FileChannel.open(database, StandardOpenOption.WRITE);
        FileLock lock = file.lock()) {
      assertThat(lock.isValid()).isTrue();
      assertThatThrownBy(() -> broken.open(SELF, name -> {})).hasMessageContaining("folder");
    }
    assertNobodyLocksTheFolder();
  }

  private void assertNobodyLocksTheFolder() throws IOException {
    Path database = folder.resolve("fencepost.mv.db");
    try (FileChannel file = FileChannel.open(database, StandardOpenOption.WRITE);
        FileLock lock = file.tryLock()) {
      assertThat(lock).as("the lock of the folder").isNotNull();
    }
  }

  /** The pool of reads cannot be made after those of owners and attempts. */
  private static JdbcSettings withoutReadConnections() {
    JdbcSettings usual = JdbcSettings.of(StoreSettings.of("h2:unused"));
    return new JdbcSettings(
        usual.callTimeout(),
        usual.acquireConnections(),
        usual.ownerConnections(),
        0,
        usual.batchSize(),
        usual.queue(),
        usual.purgeAfter(),
        usual.markRetention(),
        usual.login(),
        usual.tls());
  }

  private static Set<Thread> ownThreads() {
    List<String> ours = List.of("fencepost-", "h2-");
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> ours.stream().anyMatch(thread.getName()::startsWith))
        .collect(Collectors.toSet());
  }
}
