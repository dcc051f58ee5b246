package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
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
 * A backend that is open. Acquires, the calls of owners, and everything else go through lanes of
 * their own, so that a renewal never waits behind an acquire.
 */
final class Session implements AutoCloseable {
  private static final long EXPIRE_EVERY_MILLIS = 20;

  private final Database database;
  private final JdbcSettings settings;
  private final Seen seen;
  private final Random random;
  private final Reads reads;
  private final ConnectionPools pools;
  private final Housekeeping housekeeping;
  private final Lane acquires;
  private final Lane owners;
  private final Lane others;
  private final ScheduledExecutorService deadlines =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "fencepost-jdbc-deadlines");
            thread.setDaemon(true);
            return thread;
          });
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private Session(Database database, JdbcSettings settings, Replica self, Random random) {
    this.database = database;
    this.settings = settings;
    this.random = random;
    this.seen = new Seen(self.id());
    this.reads = new Reads(database, seen);
    this.pools = new ConnectionPools(database);
    HikariDataSource forOwners = pools.openForOwners(settings.ownerConnections());
    this.owners = lane("owner", forOwners, settings.batchSize(), this::ask);
    HikariDataSource forGrants = pools.open("acquire", settings.acquireConnections());
    this.acquires = lane("acquire", forGrants, settings.batchSize(), this::askForGrants);
    this.others = lane("read", pools.open("read", settings.readConnections()), 1, this::ask);
    this.housekeeping =
        new Housekeeping(database, pools.open("housekeeping", 1), settings, self, random);
    open.push(housekeeping);
  }

  /** Opens a database that is prepared, and writes the replica's entry. */
  static Opened open(
      Database database,
      JdbcSettings settings,
      Replica self,
      Consumer<LockName> wake,
      Random random) {
    Session session = new Session(database, settings, self, random);
    try {
      return new Opened(session, session.start(wake));
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** A session and what its store is. */
  record Opened(Session session, StoreInfo info) {}

  /** Where attempts go. */
  Lane acquires() {
    return acquires;
  }

  /** Where everything goes that changes a grant which stands, or its line. */
  Lane owners() {
    return owners;
  }

  /** Asks anything else. */
  <T> CompletionStage<T> other(SqlFunction<T> function) {
    return others.ask(new Question.Other<>(function));
  }

  /** Who the store is; fails if calls of any kind could not reach it. */
  CompletionStage<StoreInfo> info() {
    return other(
        connection -> {
          pools.requireAll();
          return reads.info(connection);
        });
  }

  Reads reads() {
    return reads;
  }

  Housekeeping housekeeping() {
    return housekeeping;
  }

  /** Closes everything, whatever fails meanwhile, and throws the first failure. */
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

  @SuppressWarnings("FutureReturnValueIgnored") // Telling the late ones cannot fail.
  private StoreInfo start(Consumer<LockName> wake) {
    deadlines.scheduleWithFixedDelay(
        this::expire, EXPIRE_EVERY_MILLIS, EXPIRE_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    try {
      pools.awaitAll(settings.callTimeout());
      housekeeping.arrive();
      StoreInfo info = info().toCompletableFuture().join();
      housekeeping.start();
      open.push(database.listen(pools, seen, wake));
      return info;
    } catch (SQLException e) {
      throw Trouble.of(e).as(e);
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private Lane lane(String name, HikariDataSource pool, int batchSize, Lane.Work work) {
    Lane.Terms terms = new Lane.Terms(name, batchSize, settings.queue(), settings.callTimeout());
    Lane lane = new Lane(terms, pool, work, random);
    open.push(lane);
    return lane;
  }

  /** No claim is granted that nobody could renew or release. */
  private void askForGrants(Connection connection, List<Call<?>> calls) throws SQLException {
    pools.requireOwners();
    ask(connection, calls);
  }

  private void ask(Connection connection, List<Call<?>> calls) throws SQLException {
    if (calls.get(0).question().kind() != Question.Kind.OTHER) {
      database.ask(connection, calls, seen);
      return;
    }
    for (Call<?> call : calls) {
      askOther(connection, call);
    }
  }

  private static <T> void askOther(Connection connection, Call<T> call) throws SQLException {
    call.settle(((Question.Other<T>) call.question()).function().ask(connection));
  }

  private void expire() {
    long nowNanos = System.nanoTime();
    acquires.expire(nowNanos);
    owners.expire(nowNanos);
    others.expire(nowNanos);
  }
}
