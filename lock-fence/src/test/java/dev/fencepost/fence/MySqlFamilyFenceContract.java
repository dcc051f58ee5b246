package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.MySqlFamilyServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The properties that only MySQL and MariaDB have. */
abstract class MySqlFamilyFenceContract extends JdbcFenceContract {

  /** Makes the driver count only rows that an UPDATE changes, not those that it finds. */
  private static final String COUNT_CHANGED = "useAffectedRows=true";

  /** Durability is not tested here. */
  static void spareTheDisk(MySqlFamilyServer server) {
    server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0, GLOBAL sync_binlog = 0");
  }

  @Override
  final GuardTableDialect dialect() {
    return GuardTableDialect.MYSQL;
  }

  @Override
  final long waitingForRows() throws SQLException {
    return numbers(
            "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
        .get(0);
  }

  @Test
  void driverThatCountsChangedRowsOnly_changesNothing() throws Exception {
    execute("INSERT INTO protected (resource) VALUES ('a')");
    FenceMarks marks =
        JdbcFence.table("fence_guard").marks(new SimpleDataSource(url() + "&" + COUNT_CHANGED));
    FenceMarks columns =
        JdbcFence.column("protected", "resource", "fence")
            .marks(new SimpleDataSource(url() + "&" + COUNT_CHANGED));
    for (FenceMarks each : new FenceMarks[] {marks, columns}) {
      each.check("a", token(1));
      each.check("a", token(1));
      each.check("a", token(3));
      each.check("a", token(3));
      assertThat(catchThrowable(() -> each.check("a", token(2))))
          .isInstanceOf(StaleTokenException.class);
    }
  }

  @Test
  void manyResourcesAtTheirFirstUse_doNotDeadlock() throws Exception {
    JdbcFence fence = JdbcFence.table("fence_guard");
    try (Connection one = begin(Connection.TRANSACTION_REPEATABLE_READ);
        Connection other = begin(Connection.TRANSACTION_REPEATABLE_READ)) {
      for (int i = 0; i < 100; i++) {
        fence.check(one, "orders/" + 2 * i, token(1));
        fence.check(other, "orders/" + (2 * i + 1), token(1));
      }
      one.commit();
      other.commit();
    }
  }

  @Test
  void holderStoppedInItsTransaction_isEndedByTheDatabase_andItsLateWriteFails() throws Exception {
    try (ChildJvm older = stoppedInTransaction(url() + "&sessionVariables=wait_timeout=1")) {
      Future<?> newer = submitWrite(token(2));
      newer.get();
      older.resume();
      older.send("go on");
      assertThat(older.awaitLine(line -> true, PATIENCE)).isEqualTo("failed");
    }
    assertThat(effects()).containsExactly(token(2).value());
  }
}
