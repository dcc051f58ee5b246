package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.connection.ConnectionPool.ConnectionWork;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.Transition;
import dev.fencepost.lock.spi.support.LockCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.flywaydb.core.api.FlywayException;
import org.h2.api.ErrorCode;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * H2 in this process, with its files in a folder. A round trip costs nothing here, so a step is a
 * short transaction that calls {@link LockRecord} itself. A batch shares one commit. The clock is
 * this machine's, read while the row is locked.
 */
public final class H2Dialect extends SqlDialect {
  private static final Logger LOG = LoggerFactory.getLogger(H2Dialect.class);
  private static final String KIND = "h2";

  /**
   * {@code WRITE_DELAY=0}: an answer is given after the commit was handed to the operating system.
   * By default the commit would stay in memory for up to half a second, and {@code kill -9} would
   * lose it.
   */
  private static final String OPTIONS =
      ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=1000;QUERY_CACHE_SIZE=64";

  private final Path folder;
  private final LongSupplier clock;

  /** Keeps the database open, even while the pools have no connection. */
  private @Nullable Connection anchor;

  public H2Dialect(Path folder, LongSupplier clock) {
    super(KIND, new JdbcDataSource());
    this.folder = folder.toAbsolutePath().normalize();
    this.clock = clock;
    if (this.folder.toString().contains(";")) {
      throw new StoreConfigurationException(
          "store folder: it has a semicolon, which H2 cannot take; name another (its user and"
              + " password are its own)");
    }
    ((JdbcDataSource) source())
        .setURL("jdbc:h2:file:" + this.folder.resolve("fencepost") + OPTIONS);
  }

  @Override
  long clockMicros() {
    return clock.getAsLong();
  }

  @Override
  public synchronized void prepare() {
    requireFolder();
    try {
      if (anchor == null) {
        anchor = source().getConnection();
      }
      migrateTables();
    } catch (SQLException | FlywayException e) {
      close();
      throw refusal(e);
    }
  }

  @Override
  public HikariConfig poolConfig(String name, int connections) {
    HikariConfig config = super.poolConfig(name, connections);
    config.setMaxLifetime(0);
    config.setConnectionTimeout(1_000);
    return config;
  }

  @Override
  public void execute(
      Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    List<PendingCommand<?>> ordered =
        commands.stream().sorted(Comparator.comparing(pending -> pending.step().lock())).toList();
    inTransaction(
        connection,
        within -> {
          for (PendingCommand<?> pending : ordered) {
            try {
              applyCommand(within, pending, memory);
            } catch (StoreException e) {
              pending.fail(e);
            }
          }
          return ordered.size();
        });
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    return inTransaction(connection, within -> advanceWithin(within, resource, token));
  }

  @Override
  public WakeSource openWakeSource(
      JdbcConnections connections, LocalObservations memory, Consumer<LockName> wake) {
    // This process is the only server on the database, so no other replica can give it a turn.
    return () -> {};
  }

  @Override
  public synchronized void close() {
    try {
      if (anchor != null) {
        anchor.close();
      }
    } catch (SQLException e) {
      LOG.debug("The database had closed itself already", e);
    } finally {
      anchor = null;
    }
  }

  /** Runs a function as one transaction; a failure undoes its changes. */
  private static <T> T inTransaction(Connection connection, ConnectionWork<T> work)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      T result = work.apply(connection);
      connection.commit();
      return result;
    } finally {
      // Undoes uncommitted changes and returns the connection to the pool in its usual state.
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  private <T> void applyCommand(
      Connection connection, PendingCommand<T> pending, LocalObservations memory)
      throws SQLException {
    LockCommand<T> command = pending.step();
    LockName lock = command.lock();
    Optional<LockRecord> before = read(connection, lock);
    LockRecord record = before.orElseGet(() -> LockRecord.unused(lock));
    long now = clock.getAsLong();
    Transition<T> transition =
        command.applyTo(record, memory.contextAt(memory.lowestNewToken(), now));
    if (!transition.after().equals(record)) {
      String statement = before.isPresent() ? "lock_update" : "lock_insert";
      try (BoundStatement write = statement(connection, statement)) {
        JdbcRecordCodec.bindRecord(transition.after(), now, write).update();
      }
    }
    memory.observe(transition.after());
    pending.recordOutcome(transition.outcome());
  }

  private Optional<LockRecord> read(Connection connection, LockName lock) throws SQLException {
    try (BoundStatement statement = statement(connection, "lock_read").with("name", lock.utf8());
        ResultSet rows = statement.query()) {
      return rows.next()
          ? Optional.of(JdbcRecordCodec.readRecord(lock, rows, 1))
          : Optional.empty();
    }
  }

  private FenceAdvance advanceWithin(
      Connection connection, ResourceName resource, FencingToken token) throws SQLException {
    long now = clock.getAsLong();
    long limit = highestAccepted(connection, token, now);
    if (token.value() > limit) {
      return new FenceAdvance.TooFarAhead(limit);
    }
    long mark = readNumber(statement(connection, "mark_read").with("resource", resource.utf8()));
    try (BoundStatement write = statement(connection, mark == 0 ? "mark_insert" : "mark_update")) {
      write.with("resource", resource.utf8()).with("now", now);
      write.with("token", Math.max(mark, token.value())).update();
    }
    return FenceMarkRule.verdict(mark, token);
  }

  private void requireFolder() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new StoreConfigurationException(
          "store folder "
              + folder
              + ": cannot be made, or is not a folder; name another with --store h2:FOLDER",
          e);
    }
    if (!Files.isWritable(folder)) {
      throw new StoreConfigurationException(
          "store folder " + folder + ": not writable; allow it, or name another: h2:FOLDER");
    }
  }

  private RuntimeException refusal(Exception e) {
    if (errorCode(e) == ErrorCode.DATABASE_ALREADY_OPEN_1) {
      return new StoreConfigurationException(
          "store folder "
              + folder
              + ": another server has it open. Stop that one, or name another folder (h2:FOLDER);"
              + " several servers together need PostgreSQL (jdbc:postgresql://…)",
          e);
    }
    return new StoreConfigurationException(
        "store folder " + folder + ": its H2 database cannot be opened: " + e.getMessage(), e);
  }

  private static int errorCode(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SQLException s && s.getErrorCode() != 0) {
        return s.getErrorCode();
      }
    }
    return 0;
  }
}
