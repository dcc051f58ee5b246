package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PostgresFenceTest extends JdbcFenceContract {

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Override
  String url() {
    // Durability is not tested here.
    return DATABASE.jdbcUri() + "&options=-c%20synchronous_commit=off";
  }

  @Override
  GuardTableDialect dialect() {
    return GuardTableDialect.POSTGRESQL;
  }

  @Override
  long waitingForRows() throws SQLException {
    return numbers("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").get(0);
  }

  @Test
  void lostInsertRace_doesNotBreakTheTransaction() throws Exception {
    JdbcFence fence = JdbcFence.table("fence_guard");
    try (Connection winner = begin(Connection.TRANSACTION_READ_COMMITTED);
        Connection loser = begin(Connection.TRANSACTION_READ_COMMITTED)) {
      insertEffect(loser, token(9));
      fence.check(winner, "a", token(1));
      winner.commit();
      fence.check(loser, "a", token(2));
      loser.commit();
    }
    assertThat(effects()).hasSize(1);
  }

  @Test
  void holderStoppedInItsTransaction_isEndedByTheDatabase_andItsLateWriteFails() throws Exception {
    try (ChildJvm older =
        stoppedInTransaction(url() + "%20-c%20idle_in_transaction_session_timeout=1s")) {
      submitWrite(token(2)).get();
      older.resume();
      older.send("go on");
      assertThat(older.awaitLine(line -> true, PATIENCE)).isEqualTo("failed");
    }
    assertThat(effects()).containsExactly(token(2).value());
  }
}
