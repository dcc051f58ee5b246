package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.StoreProcess;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Faults of a MariaDB server. */
final class MariaDbFaultsTest extends ServerFaults {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Override
  StoreProcess server() {
    return MARIADB.server();
  }

  @Override
  String uri() {
    return MARIADB.jdbcUri();
  }

  @Override
  Connection connect() throws SQLException {
    return MySqlStoreUnderTest.connect(uri());
  }

  @Test
  void deadlockWithAnotherSession_isNotVisibleToCallers() throws SQLException {
    long before = deadlocks();
    try (TestReplica replica = new TestReplica(uri(), Map.of("acquire-connections", "1"))) {
      for (int round = 0; round < 20 && deadlocks() == before; round++) {
        deadlock(replica, "deadlock/" + round + "/");
      }
    }
    assertThat(deadlocks()).isGreaterThan(before);
  }

  /** Lets a batch wait for a row of another session, which then waits for a row of the batch. */
  private void deadlock(TestReplica replica, String locks) throws SQLException {
    for (String lock : List.of("gate", "low", "high")) {
      answer(replica.backend().release(ReleaseCommand.of(replica.acquire(locks + lock).ref())));
    }
    List<CompletionStage<Attempt>> pending = new ArrayList<>();
    try (Connection gate = holdRow(locks + "gate");
        Connection otherSession = holdRow(locks + "low")) {
      for (String lock : List.of("gate", "low", "high")) {
        pending.add(replica.backend().tryAcquire(claim(locks + lock), QueueIntent.NONE));
      }
      try (Statement statement = otherSession.createStatement()) {
        // The server rolls back the transaction that wrote less, so this one writes more.
        statement.execute(
            "INSERT INTO fencepost_mark"
                + " SELECT CONCAT('"
                + locks
                + "', seq), 1, 1, 'A' FROM seq_1_to_500");
        gate.rollback();
        await().pollInterval(Duration.ofMillis(20)).until(() -> isWaiting() || isDone(pending));
        statement.execute("UPDATE fencepost_lock SET ask = 0 WHERE name = '" + locks + "high'");
      }
      otherSession.rollback();
    }
    pending.forEach(stage -> granted(answer(stage)));
  }

  private static boolean isDone(List<CompletionStage<Attempt>> pending) {
    return pending.stream().allMatch(stage -> stage.toCompletableFuture().isDone());
  }

  private boolean isWaiting() throws SQLException {
    return number(
            "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'", 1)
        > 0;
  }

  private long deadlocks() throws SQLException {
    return number("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'", 2);
  }

  private long number(String sql, int column) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(column);
    }
  }
}
