package dev.fencepost.liquibase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.junit.FencepostTest;
import dev.fencepost.junit.LockTestServer;
import dev.fencepost.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.Scope;
import liquibase.changelog.ChangeLogHistoryServiceFactory;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@FencepostTest
class MigrationTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir private Path folder;
  private Server database;
  private String url;

  @BeforeEach
  void startDatabase() throws SQLException {
    database =
        Server.createTcpServer(
                "-tcpPort", "0", "-ifNotExists", "-baseDir", folder.toAbsolutePath().toString())
            .start();
    url = "jdbc:h2:tcp://127.0.0.1:" + database.getPort() + "/./shop";
  }

  @AfterEach
  void stopDatabase() {
    database.stop();
  }

  @Test
  void killedMigration_isFinishedByTheOther(LockTestServer server) throws Exception {
    try (ChildJvm first = migration(server, true)) {
      first.awaitLine("in the middle"::equals, PATIENCE);
      try (ChildJvm second = migration(server, false)) {
        String name = "liquibase/SHOP.PUBLIC";
        assertThat(server.holderOf(name)).isPresent();
        first.kill();
        second.awaitLine("migrated"::equals, PATIENCE);
        assertThat(server.holderOf(name)).isEmpty();
      }
    }
    assertThat(query("SELECT id FROM databasechangelog ORDER BY orderexecuted"))
        .containsExactly("1", "2", "3");
    assertThat(query("SELECT id FROM orders ORDER BY id")).containsExactly("1", "2");
    assertThat(query("SELECT table_name FROM information_schema.tables"))
        .doesNotContain("DATABASECHANGELOGLOCK");
  }

  @Test
  void twoMigrationsAtOnce_applyEachChangeOnce(LockTestServer server) throws Exception {
    makeHistoryTable();
    try (ChildJvm first = migration(server, true);
        ChildJvm second = migration(server, true)) {
      first.send("go");
      second.send("go");
      first.awaitLine("migrated"::equals, PATIENCE);
      second.awaitLine("migrated"::equals, PATIENCE);
    }
    assertThat(query("SELECT id FROM databasechangelog ORDER BY orderexecuted"))
        .containsExactly("1", "2", "3");
    assertThat(query("SELECT id FROM orders ORDER BY id")).containsExactly("1", "2");
  }

  /** The jar alone changes nothing. */
  @Test
  void withoutAServer_liquibasesOwnLockRemains() throws Exception {
    MigrationProgram.migrate(url);
    assertThat(query("SELECT table_name FROM information_schema.tables"))
        .contains("DATABASECHANGELOGLOCK");
  }

  /** Liquibase makes this table before it takes its lock, and fails if two do that at once. */
  private void makeHistoryTable() throws Exception {
    try (Connection connection = DriverManager.getConnection(url)) {
      Database made =
          DatabaseFactory.getInstance()
              .findCorrectDatabaseImplementation(new JdbcConnection(connection));
      Scope.getCurrentScope()
          .getSingleton(ChangeLogHistoryServiceFactory.class)
          .getChangeLogService(made)
          .init();
    }
  }

  private ChildJvm migration(LockTestServer server, boolean pauses) {
    return ChildJvm.start(
        List.of(
            "-D" + FencepostLockService.TARGET + "=" + server.target(),
            "-D" + PausingChange.PAUSES + "=" + pauses),
        MigrationProgram.class,
        url);
  }

  private List<String> query(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> found = new ArrayList<>();
      while (rows.next()) {
        found.add(rows.getString(1));
      }
      return found;
    }
  }
}
