package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.batch.JdbcCommand.OnLock;
import dev.fencepost.backend.jdbc.batch.JdbcCommand.RunQuery;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.batch.StatementWorkers;
import dev.fencepost.backend.jdbc.connection.ConnectionPool.ConnectionWork;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.LocalObservations;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.LockCommand.ForceReleaseLock;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import dev.fencepost.lock.spi.support.LockCommand.LeaveQueue;
import dev.fencepost.lock.spi.support.LockCommand.ReleaseClaim;
import dev.fencepost.lock.spi.support.LockCommand.RenewGrant;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A SQL database that is open. Attempts, the calls of owners, and all other calls have connections
 * of their own, so that a renewal never waits behind an attempt. No method blocks but {@link
 * #close}. Stages complete on this store's own threads, one for each connection, so a caller that
 * blocks one of them delays the calls of others. Safe for use by many threads.
 */
final class JdbcStore implements LockStore {
  private static final Logger LOG = LoggerFactory.getLogger(JdbcStore.class);

  private final SqlDialect dialect;
  private final JdbcSettings settings;
  private final LocalObservations memory;
  private final LockReader lockReader;
  private final LockLister lockLister;
  private final FenceMarks fenceMarks;
  private final ReplicaRegistry replicas;
  private final JdbcConnections connections;
  private final JdbcHousekeeping housekeeping;
  private final StatementWorkers acquireWorkers;
  private final StatementWorkers ownerWorkers;
  private final StatementWorkers readWorkers;
  private final CallDeadlines deadlines =
      new CallDeadlines("fencepost-jdbc-deadlines", error -> LOG.warn("A task failed", error));
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  /**
   * Begins to connect. The database is prepared; it is closed with the store, and also if the store
   * cannot be made.
   */
  JdbcStore(SqlDialect dialect, JdbcSettings settings, Replica self, Random random) {
    this.dialect = dialect;
    this.settings = settings;
    this.memory = new LocalObservations(self.id());
    this.lockReader = new LockReader(dialect, memory);
    this.lockLister = new LockLister(dialect, lockReader);
    this.fenceMarks = new FenceMarks(dialect);
    this.replicas = new ReplicaRegistry(dialect);
    this.connections = new JdbcConnections(dialect::poolConfig, random);
    open.push(dialect);
    open.push(deadlines);
    try {
      int batchSize = settings.batchSize();
      this.ownerWorkers = workers("owner", settings.ownerConnections(), batchSize, this::execute);
      this.acquireWorkers =
          workers("acquire", settings.acquireConnections(), batchSize, this::executeAttempts);
      this.readWorkers = workers("read", settings.readConnections(), 1, JdbcStore::runQueries);
      this.housekeeping =
          new JdbcHousekeeping(
              dialect, connections.open("housekeeping", 1), settings, self, random);
      open.push(housekeeping);
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
  }

  /**
   * Waits for the first connections, writes the replica's entry and describes the store. Closes the
   * store if that fails.
   */
  StoreInfo start(Consumer<LockName> wake) {
    try {
      return startOrThrow(wake);
    } catch (SQLException e) {
      StoreException failure = JdbcErrors.of(e).toException(e);
      closeAfter(failure);
      throw failure;
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
  }

  private StoreInfo startOrThrow(Consumer<LockName> wake) throws SQLException {
    try {
      connections.awaitAll(settings.callTimeout());
      housekeeping.register();
      StoreInfo info = info().toCompletableFuture().join();
      housekeeping.start();
      open.push(dialect.openWakeSource(connections, memory, wake));
      return info;
    } catch (CompletionException e) {
      throw AsyncCalls.cause(e) instanceof RuntimeException cause ? cause : e;
    }
  }

  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return this.<Boolean>query(
            connection -> {
              housekeeping.announce(connection, self);
              return true;
            })
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return acquireWorkers.submit(new OnLock<>(new AcquireClaim(claim, intent)));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return ownerWorkers.submit(new OnLock<>(new HandOverGrant(from, to, intent)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return ownerWorkers.submit(new OnLock<>(new RenewGrant(grant)));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return ownerWorkers.submit(new OnLock<>(new ReleaseClaim(order)));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return ownerWorkers.submit(new OnLock<>(new ForceReleaseLock(order)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return ownerWorkers.submit(new OnLock<>(new LeaveQueue(lock))).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return query(connection -> lockReader.describe(connection, names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return query(connection -> lockLister.list(connection, query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return query(connection -> fenceMarks.advance(connection, resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return query(connection -> fenceMarks.reset(connection, resource));
  }

  /** {@inheritDoc} Fails if calls of some kind could not reach the database. */
  @Override
  public CompletionStage<StoreInfo> info() {
    return query(
        connection -> {
          connections.requireAll();
          return replicas.describeStore(connection);
        });
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
    if (!failures.isEmpty()) {
      throw new IllegalStateException("cannot close", failures.get(0));
    }
  }

  private StatementWorkers workers(
      String name, int threads, int batchSize, StatementWorkers.BatchExecutor executor) {
    StatementWorkers.WorkerSettings workerSettings =
        new StatementWorkers.WorkerSettings(
            name, threads, batchSize, settings.queue(), settings.callTimeout());
    StatementWorkers workers =
        new StatementWorkers(workerSettings, connections.open(name, threads), executor, deadlines);
    open.push(workers);
    return workers;
  }

  private <T> CompletionStage<T> query(ConnectionWork<T> function) {
    return readWorkers.submit(new RunQuery<>(function));
  }

  /** Requires an owner connection first: a grant must not be made if it cannot be renewed. */
  private void executeAttempts(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    connections.requireOwners();
    execute(connection, commands);
  }

  private void execute(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    dialect.execute(connection, commands, memory);
  }

  private static void runQueries(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    for (PendingCommand<?> pending : commands) {
      runQuery(connection, pending);
    }
  }

  private static <T> void runQuery(Connection connection, PendingCommand<T> pending)
      throws SQLException {
    pending.recordOutcome(((RunQuery<T>) pending.command()).function().apply(connection));
  }
}
