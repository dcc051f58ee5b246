package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on this replica's own channel for notifications of turns, through one connection. A
 * broken connection is made again after a pause that grows to a few seconds. Notifications sent in
 * the meantime are lost; the periodic poll of every waiting replica finds those turns.
 */
final class PostgresWakeListener implements SqlDialect.WakeSource {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresWakeListener.class);
  private static final int PROBE_EVERY_MILLIS = 5_000;
  private static final long MIN_PAUSE_MILLIS = 100;
  private static final long MAX_PAUSE_MILLIS = 3_000;

  private final DataSource source;
  private final String channel;
  private final Consumer<LockName> wake;
  private final Random random;
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable Connection current;

  PostgresWakeListener(DataSource source, ReplicaId self, Consumer<LockName> wake, Random random) {
    this.source = source;
    this.channel = "fencepost_" + self.value();
    this.wake = wake;
    this.random = random;
    this.thread = new Thread(this::run, "fencepost-jdbc-wakes");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    Connection listening = current;
    if (listening != null) {
      closeQuietly(listening);
    }
  }

  private void run() {
    long pauseMillis = MIN_PAUSE_MILLIS;
    while (!closed) {
      try (Connection connection = source.getConnection()) {
        current = connection;
        listen(connection);
        pauseMillis = MIN_PAUSE_MILLIS;
        deliver(connection);
      } catch (SQLException | RuntimeException e) {
        if (!closed) {
          if (pauseMillis == MIN_PAUSE_MILLIS) {
            LOG.warn(
                "Cannot listen for turns; each hand-over may take up to 2 s more: {}",
                JdbcErrors.messageOf(e));
          }
          LockSupport.parkNanos(
              TimeUnit.MILLISECONDS.toNanos(pauseMillis / 2 + random.nextLong(pauseMillis)));
          pauseMillis = Math.min(MAX_PAUSE_MILLIS, pauseMillis * 2);
        }
      }
    }
  }

  private void listen(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN " + channel);
    }
  }

  private void deliver(Connection connection) throws SQLException {
    PGConnection listening = connection.unwrap(PGConnection.class);
    while (!closed) {
      PGNotification[] notifications = listening.getNotifications(PROBE_EVERY_MILLIS);
      if (notifications == null || notifications.length == 0) {
        probe(connection);
        continue;
      }
      for (PGNotification turn : notifications) {
        deliver(turn.getParameter());
      }
    }
  }

  /** Checks the connection: if it is silent, it may be dead. */
  private static void probe(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT 1");
    }
  }

  private void deliver(String payload) {
    try {
      wake.accept(
          new LockName(new String(HexFormat.of().parseHex(payload), StandardCharsets.UTF_8)));
    } catch (RuntimeException e) {
      LOG.warn("A turn could not be delivered", e);
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("The listening connection was broken already", e);
    }
  }
}
