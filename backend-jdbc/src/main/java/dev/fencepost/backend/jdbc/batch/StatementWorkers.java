package dev.fencepost.backend.jdbc.batch;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * A queue of commands and the threads that execute them, one thread for each connection of a pool.
 * Commands that wait at the same moment are executed together: under load one statement carries
 * many commands, otherwise a single command is executed at once. No command waits for a batch to
 * fill.
 *
 * <p>Stages complete on these threads. Safe for use by many threads.
 */
public final class StatementWorkers implements AutoCloseable {
  private static final int MAX_COLLISIONS = 10;
  private static final int MAX_PAUSE_MICROS = 2_000;

  private static final Duration CLOSE_WAIT = Duration.ofMillis(500);

  /** Executes commands of one kind through a connection and records the outcome of each. */
  @FunctionalInterface
  public interface BatchExecutor {
    /**
     * An exception means that of the commands whose stages are not complete either all took effect
     * or none.
     */
    void execute(Connection connection, List<PendingCommand<?>> commands) throws SQLException;
  }

  /**
   * Settings of one group of workers.
   *
   * @param name in the names of the threads
   * @param batchSize most commands in one statement
   * @param capacity most commands in the queue
   * @param callTimeout after this time a command fails for lack of an answer
   */
  public record WorkerSettings(String name, int batchSize, int capacity, Duration callTimeout) {}

  private final WorkerSettings settings;
  private final HikariDataSource pool;
  private final BatchExecutor executor;
  private final Random random;
  private final BatchQueue queue;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReferenceArray<List<PendingCommand<?>>> inFlight;

  /** Starts as many threads as the pool has connections. */
  public StatementWorkers(
      WorkerSettings settings, HikariDataSource pool, BatchExecutor executor, Random random) {
    this.settings = settings;
    this.pool = pool;
    this.executor = executor;
    this.random = random;
    int connections = pool.getMaximumPoolSize();
    this.queue = new BatchQueue(settings.capacity(), settings.batchSize(), connections);
    this.inFlight = new AtomicReferenceArray<>(connections);
    for (int i = 0; i < connections; i++) {
      int number = i;
      Thread thread =
          new Thread(() -> runWorker(number), "fencepost-jdbc-" + settings.name() + "-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /**
   * Queues a command. The stage completes within the call timeout, plus or minus the interval of
   * {@link #expire}.
   */
  public <T> CompletionStage<T> submit(JdbcCommand<T> command) {
    PendingCommand<T> pending = new PendingCommand<>(command, System.nanoTime());
    if (!queue.offer(pending)) {
      pending.fail(
          new StoreException(
              Failure.STORE_OVERLOADED, "too many calls wait for the database already"));
    }
    return pending.answer();
  }

  /** Fails the commands that have had no answer for the whole call timeout. */
  public void expire(long nowNanos) {
    long nanos = settings.callTimeout().toNanos();
    for (PendingCommand<?> pending : queue.removeOlderThan(nanos, nowNanos)) {
      pending.fail(
          new StoreException(
              Failure.STORE_TIMEOUT, "waited for a connection for the whole call timeout"));
    }
    for (int i = 0; i < inFlight.length(); i++) {
      List<PendingCommand<?>> commands = inFlight.get(i);
      if (commands != null) {
        commands.stream()
            .filter(pending -> pending.isOlderThan(nanos, nowNanos))
            .forEach(
                pending ->
                    pending.fail(
                        new StoreException(
                            Failure.STORE_TIMEOUT,
                            "no answer from the database within the call timeout")));
      }
    }
  }

  /** Fails the commands in the queue and waits a little for the commands in flight. */
  @Override
  public void close() {
    failClosed(queue.close());
    // Never interrupted: an interrupt would close the file of an embedded database.
    threads.forEach(thread -> join(thread, CLOSE_WAIT));
    pool.close();
  }

  private static void failClosed(List<PendingCommand<?>> commands) {
    for (PendingCommand<?> pending : commands) {
      pending.fail(new StoreException(Failure.STORE_UNREACHABLE, "the backend is closed"));
    }
  }

  private static void join(Thread thread, Duration atMost) {
    try {
      thread.join(atMost.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void runWorker(int number) {
    for (BatchQueue.Batch batch = queue.take(number);
        !batch.commands().isEmpty();
        batch = queue.take(number)) {
      inFlight.set(number, batch.commands());
      List<PendingCommand<?>> blocked = new ArrayList<>();
      byKind(batch.commands()).values().forEach(commands -> execute(commands, blocked));
      inFlight.set(number, null);
      if (blocked.isEmpty()) {
        queue.onBatchAnswered(batch);
      } else {
        failClosed(queue.onBatchBlocked(batch, blocked));
      }
    }
  }

  private static Map<JdbcCommand.Kind, List<PendingCommand<?>>> byKind(
      List<PendingCommand<?>> commands) {
    Map<JdbcCommand.Kind, List<PendingCommand<?>>> kinds = new EnumMap<>(JdbcCommand.Kind.class);
    commands.forEach(
        pending ->
            kinds.computeIfAbsent(pending.command().kind(), k -> new ArrayList<>()).add(pending));
    return kinds;
  }

  private void execute(List<PendingCommand<?>> commands, List<PendingCommand<?>> blocked) {
    for (int collisions = 0; ; collisions++) {
      try {
        executeOnce(commands);
        commands.forEach(PendingCommand::complete);
        return;
      } catch (SQLException e) {
        JdbcErrors error = JdbcErrors.of(e);
        if (error == JdbcErrors.COLLISION && collisions < MAX_COLLISIONS) {
          pause();
          continue;
        }
        if (error == JdbcErrors.BLOCKED) {
          commands.stream().filter(pending -> !pending.isDone()).forEach(blocked::add);
          return;
        }
        boolean mayBeOneCommand = error == JdbcErrors.REFUSED || error == JdbcErrors.COLLISION;
        failOrIsolate(commands, blocked, mayBeOneCommand, error.toException(e));
        return;
      } catch (RuntimeException | Error e) {
        failOrIsolate(commands, blocked, true, asRuntime(e));
        return;
      }
    }
  }

  /** Executes the commands that are not done: a retry skips those whose stages are complete. */
  private void executeOnce(List<PendingCommand<?>> commands) throws SQLException {
    List<PendingCommand<?>> open = commands.stream().filter(pending -> !pending.isDone()).toList();
    if (open.isEmpty()) {
      return;
    }
    try (Connection connection = pool.getConnection()) {
      try {
        executor.execute(connection, open);
      } catch (SQLException e) {
        if (JdbcErrors.of(e) == JdbcErrors.UNREACHABLE) {
          pool.evictConnection(connection);
        }
        throw e;
      }
    }
  }

  /** Executes each command alone if one of several may have caused the failure. */
  private void failOrIsolate(
      List<PendingCommand<?>> commands,
      List<PendingCommand<?>> blocked,
      boolean mayBeOneCommand,
      RuntimeException failure) {
    if (mayBeOneCommand && commands.size() > 1) {
      commands.stream()
          .filter(pending -> !pending.isDone())
          .forEach(pending -> execute(List.of(pending), blocked));
    } else {
      commands.forEach(pending -> pending.fail(failure));
    }
  }

  private static RuntimeException asRuntime(Throwable e) {
    return e instanceof RuntimeException r
        ? r
        : new StoreException(Failure.STORE_ERROR, "the call failed in this server", e);
  }

  private void pause() {
    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(MAX_PAUSE_MICROS)));
  }
}
