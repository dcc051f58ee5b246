package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.testkit.replica.OpenReplica;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The steps of an earlier version of a replica, by the statements that it had: before released rows
 * were free since 0. For one thread.
 */
final class FormerReplica implements AutoCloseable {
  private static final Map<Sql.Element, String> ARRAYS =
      Map.of(Sql.Element.BYTES, "bytea", Sql.Element.TEXT, "text", Sql.Element.NUMBER, "int8");
  private static final int STRETCH = 1_000;

  private final Seen seen = new Seen(ReplicaId.of(0xf0));
  private final HikariDataSource pool;
  private final Sql sql;
  private final Statements statements;

  private FormerReplica(SqlStoreUnderTest store, Sql sql, Statements statements) {
    this.pool = new HikariDataSource(store.database().pool("former", 1));
    this.sql = sql;
    this.statements = statements;
  }

  /** On a PostgreSQL. */
  static FormerReplica onPostgres(SqlStoreUnderTest store) {
    Sql sql = new Sql("former/postgresql", ARRAYS);
    PostgresLocks locks = new PostgresLocks(sql);
    return new FormerReplica(
        store,
        sql,
        (connection, calls, seen) -> {
          if (calls.get(0).question().kind() == Question.Kind.TAKE) {
            locks.take(connection, calls, seen);
          } else {
            locks.change(connection, calls, seen);
          }
        });
  }

  /** On a MariaDB. */
  static FormerReplica onMariaDb(SqlStoreUnderTest store) {
    Sql sql = new Sql("former/mysql", Map.of());
    MySqlLocks locks = new MySqlLocks(sql, new Random());
    return new FormerReplica(store, sql, locks::ask);
  }

  ReplicaId id() {
    return seen.self();
  }

  Attempt attempt(Claim claim, QueueIntent line) {
    return ask(new Question.Acquire(claim, line));
  }

  Renewal renew(GrantRef grant) {
    return ask(new Question.Renew(grant));
  }

  Release release(GrantRef grant) {
    return ask(new Question.End(ReleaseCommand.of(grant)));
  }

  /** How the lock stands. */
  LockState describe(LockName lock) {
    try (Connection connection = pool.getConnection();
        Sql.Asked asked =
            sql.ask(connection, "describe").with("names", Sql.Many.bytes(List.of(lock.utf8())));
        ResultSet rows = asked.query()) {
      rows.next();
      return LockRow.read(LockRow.name(rows, 2).orElseThrow(), rows, 2).stateAt(rows.getLong(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Forgets what it takes for idle for so long. */
  void purge(Duration quiet) {
    long micros = MicrosecondTime.of(quiet);
    List<byte[]> idle = new ArrayList<>();
    try (Connection connection = pool.getConnection()) {
      try (Sql.Asked asked =
              sql.ask(connection, "purge_scan")
                  .with("quiet", micros)
                  .with("after", new byte[0])
                  .with("scan", STRETCH);
          ResultSet rows = asked.query()) {
        while (rows.next()) {
          if (rows.getBoolean(2)) {
            idle.add(rows.getBytes(1));
          }
        }
      }
      try (Sql.Asked asked = sql.ask(connection, "purge")) {
        asked.with("names", Sql.Many.bytes(idle)).with("quiet", micros).update();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    pool.close();
  }

  private <T> T ask(Question<T> question) {
    Call<T> call = new Call<>(question, System.nanoTime());
    try (Connection connection = pool.getConnection()) {
      statements.ask(connection, List.of(call), seen);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    call.tell();
    return OpenReplica.answer(call.answer());
  }

  private interface Statements {
    void ask(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException;
  }
}
