package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A database without space for another lock. */
final class FullDiskTest {
  private static final int MAX_LOCKS = 20_000;
  private static final int AT_ONCE = 200;

  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Test
  void fullTablespaceOfPostgres_isReportedAndRecovers() throws IOException {
    try (SmallDisk disk = new SmallDisk(64)) {
      String folder = ownFolder(disk, "postgres");
      POSTGRES.server().sql("CREATE TABLESPACE small LOCATION '" + folder + "'");
      POSTGRES.server().sql("CREATE DATABASE full_disk TABLESPACE small");
      try (TestReplica replica = new TestReplica(POSTGRES.server().jdbcUri("full_disk"))) {
        Grant held = replica.acquire("held");
        disk.fill();
        assertThat(acquireUntilFull(replica)).isEqualTo(Failure.STORE_FULL);
        assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
        disk.makeRoom();
        awaitRecovery(replica, held);
      } finally {
        POSTGRES.server().sql("DROP DATABASE full_disk WITH (FORCE)");
        POSTGRES.server().sql("DROP TABLESPACE small");
      }
    }
  }

  @Test
  void fullDiskOfAMariaDbTable_isReportedAndRecovers() throws IOException, SQLException {
    try (SmallDisk disk = new SmallDisk(64)) {
      String folder = ownFolder(disk, "mysql");
      String uri = MARIADB.jdbcUri();
      String schema = new JdbcBackendProvider().schema(StoreSettings.of(uri));
      try (Connection connection = MySqlStoreUnderTest.connect(uri + "&allowMultiQueries=true");
          Statement statement = connection.createStatement()) {
        statement.execute(
            schema.replace("ENGINE=InnoDB", "ENGINE=InnoDB DATA DIRECTORY='" + folder + "'"));
      }
      try (TestReplica replica = new TestReplica(uri)) {
        Grant held = replica.acquire("held");
        disk.fill();
        assertThat(acquireUntilFull(replica)).isEqualTo(Failure.STORE_FULL);
        assertThat(answer(replica.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
        disk.makeRoom();
        awaitRecovery(replica, held);
      } finally {
        MARIADB.server().sql("DROP DATABASE " + MARIADB.name());
      }
    }
  }

  @Test
  void fullDiskOfH2_isReportedAndRecovers() {
    try (SmallDisk disk = new SmallDisk(16);
        TestReplica replica = new TestReplica("h2:" + disk.folder().resolve("store"))) {
      Grant held = replica.acquire("held");
      disk.fill();
      assertThat(acquireUntilFull(replica))
          .isIn(Failure.STORE_FULL, Failure.STORE_UNREACHABLE, Failure.STORE_ERROR);
      disk.makeRoom();
      awaitRecovery(replica, held);
    }
  }

  /** Acquires locks until one fails, and returns the failure. */
  private static Failure acquireUntilFull(TestReplica replica) {
    for (int i = 0; i < MAX_LOCKS; i += AT_ONCE) {
      List<CompletionStage<Attempt>> pending = new ArrayList<>();
      for (int k = 0; k < AT_ONCE; k++) {
        pending.add(replica.backend().tryAcquire(claim("full/" + i + "/" + k), QueueIntent.NONE));
      }
      for (CompletionStage<Attempt> each : pending) {
        if (answer(each.handle((attempt, refused) -> refused != null))) {
          return failure(each);
        }
      }
    }
    throw new AssertionError("there is space for " + MAX_LOCKS + " locks");
  }

  private static void awaitRecovery(TestReplica replica, Grant held) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(30))
        .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
    assertThat(replica.release(held)).isEqualTo(new Release.Released());
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(30))
        .until(() -> !answer(replica.backend().info()).replicas().isEmpty());
    assertThat(replica.acquire("held").token()).isGreaterThan(held.token());
  }

  /** Makes a folder on the disk that belongs to a system user. */
  private static String ownFolder(SmallDisk disk, String user) throws IOException {
    Path folder = Files.createDirectory(disk.folder().resolve("data"));
    Files.setPosixFilePermissions(disk.folder(), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setOwner(
        folder, folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user));
    return folder.toString();
  }
}
