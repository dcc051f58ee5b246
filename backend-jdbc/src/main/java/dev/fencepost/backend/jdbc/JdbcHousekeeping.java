package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.connection.ConnectionPool;
import dev.fencepost.backend.jdbc.connection.ConnectionPool.ConnectionTask;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.ArrayParameter;
import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The background work of a replica. It writes a heartbeat every 2 s. From time to time it deletes
 * rows that have been idle for long, a bounded number of rows at a time. It has its own thread and
 * connection.
 */
final class JdbcHousekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JdbcHousekeeping.class);
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final long PURGE_PAUSE_MILLIS = 10_000;
  private static final long ROUND_PAUSE_MILLIS = 300_000;
  private static final int ROWS_AT_A_TIME = 5_000;

  private final SqlDialect dialect;
  private final ReplicaRegistry replicas;
  private final ConnectionPool pool;
  private final JdbcSettings settings;
  private final Random random;
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "fencepost-jdbc-housekeeping");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Replica self;
  private byte[] purgedUpTo = new byte[0];
  private boolean failing;

  /**
   * Does nothing until it is started.
   *
   * @param pool of one connection; closed by {@link #close}
   */
  JdbcHousekeeping(
      SqlDialect dialect, ConnectionPool pool, JdbcSettings settings, Replica self, Random random) {
    this.dialect = dialect;
    this.replicas = new ReplicaRegistry(dialect);
    this.pool = pool;
    this.settings = settings;
    this.self = self;
    this.random = random;
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Starts the background work; {@link #register} has been called before. */
  @SuppressWarnings("FutureReturnValueIgnored") // Tasks log their own failures.
  void start() {
    executor.scheduleWithFixedDelay(
        this::sendHeartbeat, HEARTBEAT.toMillis(), HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
    schedulePurge(PURGE_PAUSE_MILLIS);
  }

  /** Writes the replica's entry for the first time. */
  void register() throws SQLException {
    pool.run(connection -> announce(connection, self));
  }

  /** Writes a changed entry of the replica; later heartbeats repeat it. */
  void announce(Connection connection, Replica changed) throws SQLException {
    self = changed;
    replicas.write(connection, changed);
  }

  /** Removes the replica's entry, if the database answers within two seconds. */
  @Override
  public void close() {
    Future<?> removal =
        executor.submit(
            () ->
                runTask(
                    "remove the entry of this replica",
                    connection -> replicas.remove(connection, self.id())));
    try {
      removal.get(2, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("The database does not answer; its entry of this replica will time out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdown();
    pool.close();
  }

  private void sendHeartbeat() {
    runTask("write the heartbeat of this replica", connection -> announce(connection, self));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Tasks log their own failures.
  private void schedulePurge(long millis) {
    executor.schedule(this::purge, millis / 2 + random.nextLong(millis), TimeUnit.MILLISECONDS);
  }

  private void purge() {
    runTask("delete unused rows", this::purgeNextRows);
    if (executor.isShutdown()) {
      return;
    }
    schedulePurge(purgedUpTo.length == 0 ? ROUND_PAUSE_MILLIS : PURGE_PAUSE_MILLIS);
  }

  /** Deletes the idle ones of the next rows; after the last row it starts again with the first. */
  void purgeNextRows(Connection connection) throws SQLException {
    List<byte[]> idle = new ArrayList<>();
    byte[] last = new byte[0];
    int scanned = 0;
    long quiet = MicrosecondTime.of(settings.purgeAfter());
    try (BoundStatement statement =
            dialect
                .statement(connection, "purge_scan")
                .with("quiet", quiet)
                .with("after", purgedUpTo)
                .with("scan", ROWS_AT_A_TIME);
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        last = rows.getBytes(1);
        scanned++;
        if (rows.getBoolean(2)) {
          idle.add(last);
        }
      }
    }
    if (!idle.isEmpty()) {
      try (BoundStatement statement = dialect.statement(connection, "purge")) {
        statement.with("names", ArrayParameter.bytes(idle)).with("quiet", quiet).update();
      }
    }
    purgedUpTo = scanned < ROWS_AT_A_TIME ? new byte[0] : last;
    if (purgedUpTo.length == 0) {
      purgeMarksAndReplicas(connection);
    }
  }

  private void purgeMarksAndReplicas(Connection connection) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "purge_marks")) {
      statement
          .with("quiet", MicrosecondTime.of(settings.markRetention()))
          .with("scan", ROWS_AT_A_TIME)
          .update();
    }
    replicas.purge(connection);
  }

  /** Runs a task; logs the first of several failures in a row. */
  private void runTask(String what, ConnectionTask task) {
    try {
      pool.run(task);
      failing = false;
    } catch (SQLException | RuntimeException e) {
      if (!failing) {
        LOG.warn("Could not {}: {}", what, JdbcErrors.messageOf(e));
      }
      failing = true;
    }
  }
}
