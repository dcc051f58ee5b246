package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
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
 * What a replica does by itself: it says that it lives, every 2 s, and now and then forgets rows
 * that nobody has used for long, a bounded stretch of the table at a time. It has a thread and a
 * connection of its own.
 */
final class Housekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final long PURGE_PAUSE_MILLIS = 10_000;
  private static final long ROUND_PAUSE_MILLIS = 300_000;
  private static final int STRETCH = 5_000;

  private final Database database;
  private final HikariDataSource pool;
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
   * Does nothing yet.
   *
   * @param pool of one connection; closed with it
   */
  Housekeeping(
      Database database,
      HikariDataSource pool,
      JdbcSettings settings,
      Replica self,
      Random random) {
    this.database = database;
    this.pool = pool;
    this.settings = settings;
    this.self = self;
    this.random = random;
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Begins; the replica's entry was written already. */
  @SuppressWarnings("FutureReturnValueIgnored") // Chores report their own failures.
  void start() {
    executor.scheduleWithFixedDelay(
        this::heartbeat, HEARTBEAT.toMillis(), HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
    schedulePurge(PURGE_PAUSE_MILLIS);
  }

  /** Writes the replica's entry for the first time. */
  void arrive() throws SQLException {
    try (Connection connection = pool.getConnection()) {
      announce(connection, self);
    }
  }

  /** Writes the replica's entry, from now on in this form. */
  void announce(Connection connection, Replica changed) throws SQLException {
    self = changed;
    try (Sql.Asked asked = ask(connection, "replica_write")) {
      asked
          .with("id", changed.id().value())
          .with("address", changed.address())
          .with("phase", changed.phase().name())
          .update();
    }
  }

  /** Removes the replica's entry, if the database answers within two seconds. */
  @Override
  public void close() {
    Future<?> departure =
        executor.submit(() -> quietly("say that this replica is gone", this::depart));
    try {
      departure.get(2, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("The database does not answer; its entry of this replica will time out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdown();
    pool.close();
  }

  private void heartbeat() {
    quietly("say that this replica lives", connection -> announce(connection, self));
  }

  private void depart(Connection connection) throws SQLException {
    ReplicaId id = self.id();
    try (Sql.Asked asked = ask(connection, "replica_remove")) {
      asked.with("id", id.value()).update();
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Chores report their own failures.
  private void schedulePurge(long millis) {
    executor.schedule(this::purge, millis / 2 + random.nextLong(millis), TimeUnit.MILLISECONDS);
  }

  private void purge() {
    quietly("forget unused rows", this::purgeStretch);
    if (executor.isShutdown()) {
      return;
    }
    schedulePurge(purgedUpTo.length == 0 ? ROUND_PAUSE_MILLIS : PURGE_PAUSE_MILLIS);
  }

  /** Forgets the idle rows of one stretch of the table; after the last one begins again. */
  void purgeStretch(Connection connection) throws SQLException {
    List<byte[]> idle = new ArrayList<>();
    byte[] last = new byte[0];
    int scanned = 0;
    long quiet = MicrosecondTime.of(settings.purgeAfter());
    try (Sql.Asked asked =
            ask(connection, "purge_scan")
                .with("quiet", quiet)
                .with("after", purgedUpTo)
                .with("scan", STRETCH);
        ResultSet rows = asked.query()) {
      while (rows.next()) {
        last = rows.getBytes(1);
        scanned++;
        if (rows.getBoolean(2)) {
          idle.add(last);
        }
      }
    }
    if (!idle.isEmpty()) {
      try (Sql.Asked asked = ask(connection, "purge")) {
        asked.with("names", Sql.Many.bytes(idle)).with("quiet", quiet).update();
      }
    }
    purgedUpTo = scanned < STRETCH ? new byte[0] : last;
    if (purgedUpTo.length == 0) {
      purgeMarksAndReplicas(connection);
    }
  }

  private void purgeMarksAndReplicas(Connection connection) throws SQLException {
    try (Sql.Asked asked = ask(connection, "purge_marks")) {
      asked
          .with("quiet", MicrosecondTime.of(settings.markRetention()))
          .with("scan", STRETCH)
          .update();
    }
    try (Sql.Asked asked = ask(connection, "replicas_forget")) {
      asked.update();
    }
  }

  private Sql.Asked ask(Connection connection, String statement) {
    return database.sql().ask(connection, statement).with("now", database.clockMicros());
  }

  private void quietly(String what, Chore chore) {
    try (Connection connection = pool.getConnection()) {
      chore.run(connection);
      failing = false;
    } catch (SQLException | RuntimeException e) {
      if (!failing) {
        LOG.warn("Could not {}: {}", what, Trouble.words(e));
      }
      failing = true;
    }
  }

  @FunctionalInterface
  private interface Chore {
    void run(Connection connection) throws SQLException;
  }
}
