package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The connection pools of one replica, for a database that may give fewer connections than asked
 * for. Owners come first: without a connection for renewals and releases every grant would be lost.
 * So the other pools connect only while owners have a connection, and give theirs up when the
 * database refuses owners one. Then each pool gets one, and only then more. Each pool is closed by
 * its user. Safe for use by many threads.
 */
final class ConnectionPools {
  private static final String OWNER = "owner";

  private final Database database;
  private final Map<String, HikariDataSource> required = new ConcurrentHashMap<>();
  private volatile boolean complete;

  ConnectionPools(Database database) {
    this.database = database;
  }

  /** A pool for renewals, releases and hand-overs, which connects in the background. */
  HikariDataSource openForOwners(int connections) {
    return open(OWNER, connections);
  }

  /** A pool for other calls, which connects in the background. */
  HikariDataSource open(String name, int connections) {
    HikariConfig config = database.pool(name, connections);
    config.setDataSource(
        new WatchedDataSource(
            name, config.getDataSource(), () -> requireTurn(name), () -> makeRoomFor(name)));
    HikariDataSource pool = new HikariDataSource(config);
    required.put(name, pool);
    return pool;
  }

  /** A pool of one connection, for a use without which a replica is ready all the same. */
  HikariDataSource openOptional(String name) {
    HikariConfig config = database.pool(name, 1);
    config.setDataSource(optional(name, config.getDataSource()));
    return new HikariDataSource(config);
  }

  /** Single connections, for a use without which a replica is ready all the same. */
  DataSource optional(String name, DataSource source) {
    return new WatchedDataSource(name, source, this::requireSpare, () -> {});
  }

  /**
   * Makes sure that owners have a connection, and waits for one if they have none.
   *
   * @throws SQLException if none can be made
   */
  void requireOwners() throws SQLException {
    HikariDataSource owners = required.get(OWNER);
    if (owners != null && connections(owners) == 0) {
      owners.getConnection().close();
    }
  }

  /**
   * Makes sure that each pool has a connection that lives. One that is in use is taken to live: its
   * user will find out.
   *
   * @throws SQLException if one has none, and none can be made
   */
  void requireAll() throws SQLException {
    requireOwners();
    for (HikariDataSource pool : required.values()) {
      if (connections(pool) == 0 || pool.getHikariPoolMXBean().getIdleConnections() > 0) {
        pool.getConnection().close();
      }
    }
    complete = true;
  }

  /**
   * The same for pools that have just been opened: a slow database needs longer for a connection
   * than a call waits for one.
   */
  void awaitAll(Duration atMost) throws SQLException {
    long begun = System.nanoTime();
    while (true) {
      try {
        requireAll();
        return;
      } catch (SQLTransientConnectionException e) {
        if (System.nanoTime() - begun > atMost.toNanos()) {
          throw e;
        }
      }
    }
  }

  /** The first connection of a pool comes after the first of owners, all others come last. */
  private void requireTurn(String name) throws SQLException {
    boolean isFirst = connections(required.get(name)) == 0;
    if (!isFirst) {
      requireSpare();
    } else if (!name.equals(OWNER) && connections(required.get(OWNER)) == 0) {
      throw notYet("renewals and releases come first");
    }
  }

  private void requireSpare() throws SQLException {
    if (!complete || required.values().stream().anyMatch(pool -> connections(pool) == 0)) {
      throw notYet("each kind of call needs its first connection before another has a second");
    }
  }

  /** The database says that there are too many: the others give up theirs for the first owner. */
  private void makeRoomFor(String name) {
    if (!name.equals(OWNER) || connections(required.get(OWNER)) > 0) {
      return;
    }
    required.values().stream()
        .filter(pool -> connections(pool) > 0)
        .forEach(pool -> pool.getHikariPoolMXBean().softEvictConnections());
  }

  private static SQLException notYet(String why) {
    return new SQLTransientConnectionException(why, "08001");
  }

  private static int connections(@Nullable HikariDataSource pool) {
    return pool != null && pool.isRunning() ? pool.getHikariPoolMXBean().getTotalConnections() : 0;
  }
}
