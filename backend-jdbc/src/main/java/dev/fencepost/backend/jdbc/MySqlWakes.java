package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
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
 * Looks for turns that the database gave this replica, since neither MariaDB nor MySQL tells of
 * them. One statement finds those of all locks. It looks only while this replica stands in a line:
 * every 5 ms after it joined one or got a turn, then more and more slowly, down to every 250 ms.
 */
final class MySqlWakes implements Database.Wakes {
  private static final Logger LOG = LoggerFactory.getLogger(MySqlWakes.class);
  private static final long LEAST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long MOST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long PAUSE_AFTER_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final HikariDataSource pool;
  private final Sql sql;
  private final Seen seen;
  private final Consumer<LockName> wake;
  private Map<LockName, Long> told = Map.of();
  private boolean failing;

  MySqlWakes(HikariDataSource pool, Sql sql, Seen seen, Consumer<LockName> wake) {
    this.pool = pool;
    this.sql = sql;
    this.seen = seen;
    this.wake = wake;
    Thread thread = new Thread(this::run, "fencepost-jdbc-wakes");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    seen.places().close();
    pool.close();
  }

  private void run() {
    long pauseNanos = 0;
    try {
      long joins = seen.places().await(0, pauseNanos);
      while (joins >= 0) {
        pauseNanos = look(pauseNanos);
        long before = joins;
        joins = seen.places().await(before, pauseNanos);
        pauseNanos = joins == before ? pauseNanos : 0;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks once; answers how long to pause then. */
  private long look(long pauseNanos) {
    try {
      boolean found = look();
      failing = false;
      return found
          ? LEAST_PAUSE_NANOS
          : Math.min(MOST_PAUSE_NANOS, Math.max(LEAST_PAUSE_NANOS, pauseNanos * 3 / 2));
    } catch (SQLException | RuntimeException e) {
      if (!failing && !pool.isClosed()) {
        LOG.warn("Not looking for turns, which costs up to 2 s each: {}", Trouble.words(e));
      }
      failing = true;
      return PAUSE_AFTER_FAILURE_NANOS;
    }
  }

  /** Tells of the turns that were not told of the last time; whether there were any. */
  private boolean look() throws SQLException {
    Map<LockName, Long> turns = new HashMap<>();
    boolean found = false;
    try (Connection connection = pool.getConnection();
        Sql.Asked asked = sql.ask(connection, "turns").with("self", seen.self().value());
        ResultSet rows = asked.query()) {
      while (rows.next()) {
        Optional<LockName> name = LockRow.name(rows, 1);
        if (name.isPresent()) {
          Long token = rows.getLong(2);
          turns.put(name.get(), token);
          if (!token.equals(told.get(name.get()))) {
            found = true;
            wake.accept(name.get());
          }
        }
      }
    }
    told = turns;
    return found;
  }
}
