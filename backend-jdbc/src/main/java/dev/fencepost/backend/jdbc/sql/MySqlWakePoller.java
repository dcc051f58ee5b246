package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.ConnectionPool;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.LockName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls for turns that the database gave to this replica, since neither MariaDB nor MySQL can
 * notify. One statement finds the turns of all locks. It polls only while this replica is in a
 * queue: every 5 ms after it joined one or got a turn, then less and less often, down to every 250
 * ms.
 */
final class MySqlWakePoller implements SqlDialect.WakeSource {
  private static final Logger LOG = LoggerFactory.getLogger(MySqlWakePoller.class);
  private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long PAUSE_AFTER_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ConnectionPool pool;
  private final SqlStatements statements;
  private final LocalObservations memory;
  private final Consumer<LockName> wake;
  private Map<LockName, Long> reported = Map.of();
  private boolean failing;
  private volatile boolean closed;

  MySqlWakePoller(
      ConnectionPool pool,
      SqlStatements statements,
      LocalObservations memory,
      Consumer<LockName> wake) {
    this.pool = pool;
    this.statements = statements;
    this.memory = memory;
    this.wake = wake;
    Thread thread = new Thread(this::run, "fencepost-jdbc-wakes");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed = true;
    memory.queueMembership().close();
    pool.close();
  }

  private void run() {
    long pauseNanos = 0;
    try {
      long joins = memory.queueMembership().await(0, pauseNanos);
      while (joins >= 0) {
        pauseNanos = pollOnce(pauseNanos);
        long before = joins;
        joins = memory.queueMembership().await(before, pauseNanos);
        pauseNanos = joins == before ? pauseNanos : 0;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Polls once and returns the length of the next pause. */
  private long pollOnce(long pauseNanos) {
    try {
      boolean found = pool.call(this::reportTurns);
      failing = false;
      return found
          ? MIN_PAUSE_NANOS
          : Math.min(MAX_PAUSE_NANOS, Math.max(MIN_PAUSE_NANOS, pauseNanos * 3 / 2));
    } catch (SQLException | RuntimeException e) {
      if (!failing && !closed) {
        LOG.warn(
            "Cannot poll for turns; each hand-over may take up to 2 s more: {}",
            JdbcErrors.messageOf(e));
      }
      failing = true;
      return PAUSE_AFTER_FAILURE_NANOS;
    }
  }

  /** Reports the turns that the last poll did not find; returns false if there were none. */
  private boolean reportTurns(Connection connection) throws SQLException {
    Map<LockName, Long> turns = new HashMap<>();
    boolean found = false;
    try (BoundStatement statement =
            statements.prepare(connection, "new_turns").with("self", memory.self().value());
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        Optional<LockName> name = JdbcRecordCodec.readName(rows, 1);
        if (name.isPresent()) {
          Long token = rows.getLong(2);
          turns.put(name.get(), token);
          if (!token.equals(reported.get(name.get()))) {
            found = true;
            wake.accept(name.get());
          }
        }
      }
    }
    reported = turns;
    return found;
  }
}
