package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.backend.jdbc.SqlStoreUnderTest;
import dev.fencepost.backend.jdbc.batch.JdbcCommand;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.testkit.replica.OpenReplica;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;

/**
 * A replica of an earlier version, with the statements of that version. In it a released row did
 * not yet have {@code free_at} = 0. For one thread.
 */
final class FormerReplica implements AutoCloseable {
  private static final int ROWS_AT_A_TIME = 1_000;

  private final LocalObservations memory = new LocalObservations(ReplicaId.of(0xf0));
  private final HikariDataSource pool;
  private final SqlStatements statements;
  private final LockStatements lockStatements;
  private final boolean hasLeanStatements;

  private FormerReplica(
      SqlStoreUnderTest store, SqlStatements statements, LockStatements lockStatements) {
    this.pool = new HikariDataSource(store.dialect().poolConfig("former", 1));
    this.statements = statements;
    this.lockStatements = lockStatements;
    this.hasLeanStatements = lockStatements instanceof PostgresLockStatements;
  }

  /** A replica on PostgreSQL. */
  static FormerReplica onPostgres(SqlStoreUnderTest store) {
    SqlStatements statements = new SqlStatements("former/postgresql");
    LockStatements lockStatements = new PostgresLockStatements(statements, new Random());
    return new FormerReplica(store, statements, lockStatements);
  }

  /** A replica on MariaDB. */
  static FormerReplica onMariaDb(SqlStoreUnderTest store) {
    SqlStatements statements = new SqlStatements("former/mysql");
    LockStatements lockStatements = new LockStatements(statements, new Random());
    return new FormerReplica(store, statements, lockStatements);
  }

  ReplicaId id() {
    return memory.self();
  }

  Attempt attempt(Claim claim, QueueIntent intent) {
    LockCommand<Attempt> acquire = new LockCommand.AcquireClaim(claim, intent);
    if (hasLeanStatements) {
      OptionalLong token = tryLean("acquire_usual", acquire, CommandParameters::bindAttempts, 4);
      if (token.isPresent()) {
        GrantRef ref = new GrantRef(claim.lock(), claim.id(), new FencingToken(token.getAsLong()));
        return new Attempt.Granted(
            new Grant(ref, claim.lease(), claim.claimant().mode(), Grant.Origin.NEW));
      }
    }
    return execute(acquire);
  }

  Renewal renew(GrantRef grant) {
    return execute(new LockCommand.RenewGrant(grant));
  }

  Release release(GrantRef grant) {
    LockCommand<Release> release = new LockCommand.ReleaseClaim(ReleaseCommand.of(grant));
    boolean isReleased =
        hasLeanStatements
            && tryLean("release_usual", release, CommandParameters::bindChanges, 2).isPresent();
    return isReleased ? new Release.Released() : execute(release);
  }

  /** Describes a lock. */
  LockState describe(LockName lock) {
    try (Connection connection = pool.getConnection();
        BoundStatement statement =
            statements
                .prepare(connection, "describe")
                .with("names", ArrayParameter.bytes(List.of(lock.utf8())));
        ResultSet rows = statement.query()) {
      rows.next();
      return JdbcRecordCodec.readRecord(JdbcRecordCodec.readName(rows, 2).orElseThrow(), rows, 2)
          .stateAt(rows.getLong(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Deletes the rows that it takes for idle for that long. */
  void purge(Duration quiet) {
    long micros = MicrosecondTime.of(quiet);
    List<byte[]> idle = new ArrayList<>();
    try (Connection connection = pool.getConnection()) {
      try (BoundStatement statement =
              statements
                  .prepare(connection, "purge_scan")
                  .with("quiet", micros)
                  .with("after", new byte[0])
                  .with("scan", ROWS_AT_A_TIME);
          ResultSet rows = statement.query()) {
        while (rows.next()) {
          if (rows.getBoolean(2)) {
            idle.add(rows.getBytes(1));
          }
        }
      }
      try (BoundStatement statement = statements.prepare(connection, "purge")) {
        statement.with("names", ArrayParameter.bytes(idle)).with("quiet", micros).update();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    pool.close();
  }

  /**
   * Executes the statement of that version for the usual cases.
   *
   * @param tokenColumn its column with the lock's token
   * @return the token; empty if the case is another one, and nothing was changed
   */
  private OptionalLong tryLean(
      String name, LockCommand<?> command, ParameterBinder binder, int tokenColumn) {
    try (Connection connection = pool.getConnection();
        BoundStatement statement =
            binder
                .bind(List.of(command), statements.prepare(connection, name))
                .with("self", memory.self().value())
                .with("floor", memory.lowestNewToken());
        ResultSet rows = statement.query()) {
      return rows.next() ? OptionalLong.of(rows.getLong(tokenColumn)) : OptionalLong.empty();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface ParameterBinder {
    BoundStatement bind(List<LockCommand<?>> commands, BoundStatement statement);
  }

  private <T> T execute(LockCommand<T> command) {
    PendingCommand<T> pending =
        new PendingCommand<>(new JdbcCommand.OnLock<>(command), System.nanoTime());
    try (Connection connection = pool.getConnection()) {
      lockStatements.execute(connection, List.of(pending), memory);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    pending.complete();
    return OpenReplica.answer(pending.answer());
  }
}
