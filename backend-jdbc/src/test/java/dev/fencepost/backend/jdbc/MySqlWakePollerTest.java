package dev.fencepost.backend.jdbc;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How a replica learns of its turns from a database without notifications. */
final class MySqlWakePollerTest {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Test
  void turns_areFoundByTheReplicaTheyBelongTo() throws InterruptedException {
    try (TestReplica a = new TestReplica(MARIADB.jdbcUri());
        TestReplica b = new TestReplica(MARIADB.jdbcUri());
        TestReplica c = new TestReplica(MARIADB.jdbcUri())) {
      for (int round = 0; round < 3; round++) {
        Grant held = a.acquire("turns/" + round);
        answer(b.backend().tryAcquire(claim("turns/" + round), QueueIntent.JOIN));
        answer(c.backend().tryAcquire(claim("turns/" + round), QueueIntent.JOIN));
        answer(a.backend().release(ReleaseCommand.of(held.ref())));
        assertThat(b.wakes().poll(10, TimeUnit.SECONDS)).isEqualTo(held.ref().lock());
        answer(b.backend().leave(held.ref().lock()));
        assertThat(c.wakes().poll(10, TimeUnit.SECONDS)).isEqualTo(held.ref().lock());
        answer(c.backend().leave(held.ref().lock()));
      }
      assertThat(a.wakes()).isEmpty();
    }
  }

  @Test
  void manyTurnsAtOnce_areAllReported() throws InterruptedException {
    try (TestReplica a = new TestReplica(MARIADB.jdbcUri());
        TestReplica b = new TestReplica(MARIADB.jdbcUri())) {
      Set<LockName> locks = new HashSet<>();
      for (int i = 0; i < 50; i++) {
        Grant held = a.acquire("many/" + i);
        answer(b.backend().tryAcquire(claim("many/" + i), QueueIntent.JOIN));
        answer(a.backend().release(ReleaseCommand.of(held.ref())));
        locks.add(held.ref().lock());
      }
      Set<LockName> woken = new HashSet<>();
      while (woken.size() < locks.size()) {
        LockName lock = b.wakes().poll(10, TimeUnit.SECONDS);
        assertThat(lock).isNotNull().isIn(locks);
        woken.add(lock);
      }
    }
  }

  @Test
  void killedConnection_isMadeAgain() throws SQLException {
    try (TestReplica a = new TestReplica(MARIADB.jdbcUri());
        TestReplica b = new TestReplica(MARIADB.jdbcUri())) {
      ServerFaults.awaitWake(a, b);
      killOthers();
      await()
          .atMost(Duration.ofSeconds(20))
          .ignoreExceptionsInstanceOf(StoreException.class)
          .untilAsserted(() -> ServerFaults.awaitWake(a, b));
    }
  }

  private static void killOthers() throws SQLException {
    try (Connection connection = MySqlStoreUnderTest.connect(MARIADB.jdbcUri());
        Statement statement = connection.createStatement();
        Statement killer = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
                    + " AND id <> CONNECTION_ID()")) {
      while (rows.next()) {
        killer.execute("KILL " + rows.getLong(1));
      }
    }
  }
}
