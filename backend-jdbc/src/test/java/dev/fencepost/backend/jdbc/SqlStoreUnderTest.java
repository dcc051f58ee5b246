package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.backend.jdbc.connection.ConnectionPool;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** A database that tests also access directly, with SQL. */
public abstract class SqlStoreUnderTest implements StoreUnderTest {
  private static final StoreSettings DEFAULTS =
      new StoreSettings("", StoreSettings.DEFAULT_CALL_TIMEOUT, Map.of());

  private final JdbcBackendProvider provider = new JdbcBackendProvider();

  /** The URI of the store. */
  public abstract String uri();

  /** Opens a session for the test itself. */
  public abstract Connection connect() throws SQLException;

  /** The dialect that the backend uses for the database. */
  public abstract SqlDialect dialect();

  @Override
  public LockBackend newBackend() {
    return provider.create(StoreSettings.of(uri()));
  }

  @Override
  public boolean honoursTokenFloor() {
    return true;
  }

  @Override
  public void wipe() {
    run(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("DELETE FROM fencepost_lock");
            statement.execute("DELETE FROM fencepost_mark");
            statement.execute("UPDATE fencepost_store SET id = '" + UUID.randomUUID() + "'");
          }
        });
  }

  @Override
  public void purgeIdle() {
    purgeIdleFor(Duration.ZERO);
  }

  /** Deletes rows that have been idle for that long. */
  public final void purgeIdleFor(Duration quiet) {
    Replica nobody = new Replica(ReplicaId.of(0), "nowhere:1", Replica.Phase.DRAINING);
    JdbcSettings defaults = JdbcSettings.of(DEFAULTS);
    SqlDialect dialect = dialect();
    JdbcSettings settings =
        new JdbcSettings(
            defaults.callTimeout(),
            1,
            1,
            1,
            1,
            100,
            quiet,
            defaults.markRetention(),
            defaults.login(),
            defaults.tls());
    ConnectionPool pool =
        new ConnectionPool(new HikariDataSource(dialect.poolConfig("purge", 1)), new Random());
    try (JdbcHousekeeping housekeeping =
        new JdbcHousekeeping(dialect, pool, settings, nobody, new Random())) {
      run(housekeeping::purgeNextRows);
    }
  }

  @Override
  public void raiseToken(LockName lock, FencingToken last) {
    run(
        connection -> {
          try (PreparedStatement update =
              connection.prepareStatement("UPDATE fencepost_lock SET token = ? WHERE name = ?")) {
            update.setLong(1, last.value());
            update.setBytes(2, lock.utf8());
            if (update.executeUpdate() != 1) {
              throw new IllegalStateException("no row of " + lock);
            }
          }
        });
  }

  @Override
  public void spoil(LockName lock, Damage damage) {
    String change =
        switch (damage) {
          case GARBAGE -> "claim = '?', metadata = '%'";
          case LATER_FORMAT -> "format = 2";
          case UNKNOWN_MODE -> "mode = 'EXTENSIVE'";
        };
    run(
        connection -> {
          try (PreparedStatement update =
              connection.prepareStatement(
                  "UPDATE fencepost_lock SET " + change + " WHERE name = ?")) {
            update.setBytes(1, lock.utf8());
            if (update.executeUpdate() != 1) {
              throw new IllegalStateException("no row of " + lock);
            }
          }
        });
  }

  @Override
  public void misname(LockName lock, byte[] name) {
    run(
        connection -> {
          try (PreparedStatement update =
              connection.prepareStatement("UPDATE fencepost_lock SET name = ? WHERE name = ?")) {
            update.setBytes(1, name);
            update.setBytes(2, lock.utf8());
            if (update.executeUpdate() != 1) {
              throw new IllegalStateException("no row of " + lock);
            }
          }
        });
  }

  @Override
  public Stall stall(LockName lock) {
    try {
      Connection connection = connect();
      connection.setAutoCommit(false);
      try (PreparedStatement select =
          connection.prepareStatement("SELECT 1 FROM fencepost_lock WHERE name = ? FOR UPDATE")) {
        select.setBytes(1, lock.utf8());
        if (!select.executeQuery().next()) {
          throw new IllegalStateException("no row of " + lock);
        }
      }
      AtomicBoolean ended = new AtomicBoolean();
      return () -> {
        if (ended.compareAndSet(false, true)) {
          end(connection);
        }
      };
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void end(Connection connection) {
    try (connection) {
      connection.rollback();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void run(ConnectionAction action) {
    try (Connection connection = connect()) {
      action.on(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface ConnectionAction {
    void on(Connection connection) throws SQLException;
  }
}
