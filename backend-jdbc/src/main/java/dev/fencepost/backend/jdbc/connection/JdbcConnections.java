package dev.fencepost.backend.jdbc.connection;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The connection pools of one replica, for a database that may give fewer connections than the
 * settings ask for. Owners have priority: without a connection for renewals and releases every
 * grant would be lost. So the other pools connect only while the owners have a connection, and give
 * up theirs when the database refuses one to the owners. Then each pool gets one connection, and
 * only then any pool gets more. Each pool is closed by its user. Safe for use by many threads.
 */
public final class JdbcConnections {
  private static final String OWNER = "owner";

  /** Makes the configuration of a pool with that many connections. */
  @FunctionalInterface
  public interface PoolConfigFactory {
    HikariConfig create(String name, int connections);
  }

  private final PoolConfigFactory configs;
  private final Random random;
  private final Map<String, HikariDataSource> required = new ConcurrentHashMap<>();
  private volatile boolean complete;

  public JdbcConnections(PoolConfigFactory configs, Random random) {
    this.configs = configs;
    this.random = random;
  }

  /**
   * Opens a pool, which connects in the background.
   *
   * @param name {@code owner} for the pool of renewals, releases and hand-overs
   */
  public ConnectionPool open(String name, int connections) {
    HikariConfig config = configs.create(name, connections);
    config.setDataSource(
        new OutageLoggingDataSource(
            name,
            config.getDataSource(),
            () -> requirePriority(name),
            () -> freeConnectionsFor(name)));
    HikariDataSource pool = new HikariDataSource(config);
    required.put(name, pool);
    return new ConnectionPool(pool, random);
  }

  /** Opens a pool of one connection for a use that readiness does not depend on. */
  public ConnectionPool openOptional(String name) {
    HikariConfig config = configs.create(name, 1);
    config.setDataSource(optional(name, config.getDataSource()));
    return new ConnectionPool(new HikariDataSource(config), random);
  }

  /** Makes single connections for a use that readiness does not depend on. */
  public DataSource optional(String name, DataSource source) {
    return new OutageLoggingDataSource(name, source, this::requireAllServed, () -> {});
  }

  /**
   * Makes sure that the owners have a connection, and waits for one if they have none.
   *
   * @throws SQLException if none can be made
   */
  public void requireOwners() throws SQLException {
    HikariDataSource owners = required.get(OWNER);
    if (owners != null && connections(owners) == 0) {
      owners.getConnection().close();
    }
  }

  /**
   * Makes sure that each pool has a working connection. A connection in use counts as working: its
   * user will notice if it does not.
   *
   * @throws SQLException if a pool has none, and none can be made
   */
  public void requireAll() throws SQLException {
    requireOwners();
    for (HikariDataSource pool : required.values()) {
      if (connections(pool) == 0 || pool.getHikariPoolMXBean().getIdleConnections() > 0) {
        pool.getConnection().close();
      }
    }
    complete = true;
  }

  /**
   * The same for pools that have just been opened. With a slow database the first connection takes
   * longer than a call waits for one, so this tries again for a while.
   */
  public void awaitAll(Duration atMost) throws SQLException {
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

  /** The owners' first connection comes before those of other pools; further ones come last. */
  private void requirePriority(String name) throws SQLException {
    boolean isFirst = connections(required.get(name)) == 0;
    if (!isFirst) {
      requireAllServed();
    } else if (!name.equals(OWNER) && connections(required.get(OWNER)) == 0) {
      throw notYet("renewals and releases come first");
    }
  }

  private void requireAllServed() throws SQLException {
    if (!complete || required.values().stream().anyMatch(pool -> connections(pool) == 0)) {
      throw notYet("each kind of call needs its first connection before another has a second");
    }
  }

  /** The database has too many connections: the others give up theirs for the owners' first. */
  private void freeConnectionsFor(String name) {
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
