package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.backend.jdbc.batch.JdbcCommand;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.batch.StatementWorkers;
import dev.fencepost.backend.jdbc.connection.ConnectionWork;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.LocalObservations;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreInfo;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A backend that is open. Acquires, the calls of owners, and all other calls have workers of their
 * own, so that a renewal never waits behind an acquire.
 */
final class JdbcStore implements AutoCloseable {
  private static final long EXPIRE_EVERY_MILLIS = 20;

  private final SqlDialect dialect;
  private final JdbcSettings settings;
  private final LocalObservations memory;
  private final Random random;
  private final LockReader lockReader;
  private final LockLister lockLister;
  private final FenceMarks fenceMarks;
  private final StoreInfoReader infoReader;
  private final JdbcConnections connections;
  private final JdbcHousekeeping housekeeping;
  private final StatementWorkers acquireWorkers;
  private final StatementWorkers ownerWorkers;
  private final StatementWorkers readWorkers;
  private final ScheduledExecutorService deadlines =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "fencepost-jdbc-deadlines");
            thread.setDaemon(true);
            return thread;
          });
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private JdbcStore(SqlDialect dialect, JdbcSettings settings, Replica self, Random random) {
    this.dialect = dialect;
    this.settings = settings;
    this.random = random;
    this.memory = new LocalObservations(self.id());
    this.lockReader = new LockReader(dialect, memory);
    this.lockLister = new LockLister(dialect, lockReader);
    this.fenceMarks = new FenceMarks(dialect);
    this.infoReader = new StoreInfoReader(dialect, new ReplicaRegistry(dialect));
    this.connections = new JdbcConnections(dialect::poolConfig);
    HikariDataSource forOwners = connections.openForOwners(settings.ownerConnections());
    this.ownerWorkers = workers("owner", forOwners, settings.batchSize(), this::execute);
    HikariDataSource forAcquires = connections.open("acquire", settings.acquireConnections());
    this.acquireWorkers =
        workers("acquire", forAcquires, settings.batchSize(), this::executeAcquires);
    HikariDataSource forReads = connections.open("read", settings.readConnections());
    this.readWorkers = workers("read", forReads, 1, this::execute);
    this.housekeeping =
        new JdbcHousekeeping(dialect, connections.open("housekeeping", 1), settings, self, random);
    open.push(housekeeping);
  }

  /** Opens a database that is prepared, and writes the replica's entry. */
  static Opened open(
      SqlDialect dialect,
      JdbcSettings settings,
      Replica self,
      Consumer<LockName> wake,
      Random random) {
    JdbcStore store = new JdbcStore(dialect, settings, self, random);
    try {
      return new Opened(store, store.start(wake));
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** An open store and its description. */
  record Opened(JdbcStore store, StoreInfo info) {}

  /** The workers for attempts. */
  StatementWorkers acquireWorkers() {
    return acquireWorkers;
  }

  /** The workers for commands that change an existing grant or its lock's queue. */
  StatementWorkers ownerWorkers() {
    return ownerWorkers;
  }

  /** Runs a function on the workers for all other calls. */
  <T> CompletionStage<T> query(ConnectionWork<T> function) {
    return readWorkers.submit(new JdbcCommand.RunQuery<>(function));
  }

  /** Describes the store; fails if calls of some kind could not reach it. */
  CompletionStage<StoreInfo> info() {
    return query(
        connection -> {
          connections.requireAll();
          return infoReader.read(connection);
        });
  }

  LockReader lockReader() {
    return lockReader;
  }

  LockLister lockLister() {
    return lockLister;
  }

  FenceMarks fenceMarks() {
    return fenceMarks;
  }

  JdbcHousekeeping housekeeping() {
    return housekeeping;
  }

  /** Closes everything even if a part fails, and throws the first failure. */
  @Override
  public void close() {
    List<Exception> failures = new ArrayList<>();
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        failures.add(e);
      }
    }
    deadlines.shutdown();
    if (!failures.isEmpty()) {
      throw new IllegalStateException("cannot close", failures.get(0));
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Failing expired commands cannot fail itself.
  private StoreInfo start(Consumer<LockName> wake) {
    deadlines.scheduleWithFixedDelay(
        this::expire, EXPIRE_EVERY_MILLIS, EXPIRE_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    try {
      connections.awaitAll(settings.callTimeout());
      housekeeping.register();
      StoreInfo info = info().toCompletableFuture().join();
      housekeeping.start();
      open.push(dialect.openWakeSource(connections, memory, wake));
      return info;
    } catch (SQLException e) {
      throw JdbcErrors.of(e).toException(e);
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private StatementWorkers workers(
      String name, HikariDataSource pool, int batchSize, StatementWorkers.BatchExecutor executor) {
    StatementWorkers.WorkerSettings workerSettings =
        new StatementWorkers.WorkerSettings(
            name, batchSize, settings.queue(), settings.callTimeout());
    StatementWorkers workers = new StatementWorkers(workerSettings, pool, executor, random);
    open.push(workers);
    return workers;
  }

  /** Requires an owner connection first: a grant must not be made if it cannot be renewed. */
  private void executeAcquires(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    connections.requireOwners();
    execute(connection, commands);
  }

  private void execute(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    if (commands.get(0).command().kind() != JdbcCommand.Kind.QUERY) {
      dialect.execute(connection, commands, memory);
      return;
    }
    for (PendingCommand<?> pending : commands) {
      runQuery(connection, pending);
    }
  }

  private static <T> void runQuery(Connection connection, PendingCommand<T> pending)
      throws SQLException {
    JdbcCommand.RunQuery<T> query = (JdbcCommand.RunQuery<T>) pending.command();
    pending.recordOutcome(query.function().apply(connection));
  }

  private void expire() {
    long nowNanos = System.nanoTime();
    acquireWorkers.expire(nowNanos);
    ownerWorkers.expire(nowNanos);
    readWorkers.expire(nowNanos);
  }
}
