package dev.fencepost.backend.jdbc.batch;

import dev.fencepost.backend.jdbc.connection.ConnectionPool;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/**
 * A queue of commands and the threads that execute them, one thread for each connection of a pool.
 * Commands that wait at the same moment are executed together: under load one statement carries
 * many commands, otherwise a single command is executed at once. No command waits for a batch to
 * fill.
 *
 * <p>Stages complete on these threads. Safe for use by many threads.
 */
public final class StatementWorkers implements AutoCloseable {
  private static final CallFailures FAILURES = new CallFailures("the database");
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
   * @param threads as many as the pool has connections
   * @param batchSize most commands in one statement
   * @param capacity most commands in the queue
   * @param callTimeout after this time a command fails for lack of an answer
   */
  public record WorkerSettings(
      String name, int threads, int batchSize, int capacity, Duration callTimeout) {}

  private final WorkerSettings settings;
  private final ConnectionPool pool;
  private final BatchExecutor executor;
  private final CallDeadlines deadlines;
  private final BatchQueue queue;
  private final List<Thread> threads = new ArrayList<>();

  /**
   * Starts the threads.
   *
   * @param pool closed by {@link #close}
   */
  public StatementWorkers(
      WorkerSettings settings,
      ConnectionPool pool,
      BatchExecutor executor,
      CallDeadlines deadlines) {
    this.settings = settings;
    this.pool = pool;
    this.executor = executor;
    this.deadlines = deadlines;
    this.queue =
        new BatchQueue(
            settings.capacity(), settings.batchSize(), settings.threads(), deadlines::sweepCount);
    for (int i = 0; i < settings.threads(); i++) {
      int number = i;
      Thread thread =
          new Thread(() -> runWorker(number), "fencepost-jdbc-" + settings.name() + "-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** Queues a command. The stage completes within the call timeout. */
  public <T> CompletionStage<T> submit(JdbcCommand<T> command) {
    long nowNanos = System.nanoTime();
    PendingCommand<T> pending = new PendingCommand<>(command, nowNanos);
    if (queue.offer(pending)) {
      CallDeadline deadline = new CallDeadline(nowNanos + settings.callTimeout().toNanos());
      deadlines.expire(pending.answer(), deadline, FAILURES::timeout);
    } else {
      pending.fail(FAILURES.overloaded());
    }
    return pending.answer();
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
    commands.forEach(pending -> pending.fail(CallFailures.closed()));
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
      List<PendingCommand<?>> blocked = new ArrayList<>();
      byKind(batch.commands()).forEach(commands -> execute(commands, blocked));
      if (blocked.isEmpty()) {
        queue.onBatchAnswered(batch);
      } else {
        failClosed(queue.onBatchBlocked(batch, blocked));
      }
    }
  }

  private static Collection<List<PendingCommand<?>>> byKind(List<PendingCommand<?>> commands) {
    return commands.stream().collect(Collectors.groupingBy(PendingCommand::isAttempt)).values();
  }

  private void execute(List<PendingCommand<?>> commands, List<PendingCommand<?>> blocked) {
    try {
      pool.call(connection -> executePending(connection, commands));
      commands.forEach(PendingCommand::complete);
    } catch (SQLException e) {
      JdbcErrors error = JdbcErrors.of(e);
      if (error == JdbcErrors.BLOCKED) {
        blocked.addAll(pendingOf(commands));
      } else {
        boolean mayBeOneCommand = error == JdbcErrors.REFUSED || error == JdbcErrors.COLLISION;
        failOrIsolate(commands, blocked, mayBeOneCommand, error.toException(e));
      }
    } catch (RuntimeException | Error e) {
      failOrIsolate(commands, blocked, true, asRuntime(e));
    }
  }

  /** Executes the commands that are not done: a retry skips those whose stages are complete. */
  private int executePending(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    List<PendingCommand<?>> pending = pendingOf(commands);
    if (!pending.isEmpty()) {
      executor.execute(connection, pending);
    }
    return pending.size();
  }

  /** Executes each command alone if one of several may have caused the failure. */
  private void failOrIsolate(
      List<PendingCommand<?>> commands,
      List<PendingCommand<?>> blocked,
      boolean mayBeOneCommand,
      RuntimeException failure) {
    if (mayBeOneCommand && commands.size() > 1) {
      pendingOf(commands).forEach(pending -> execute(List.of(pending), blocked));
    } else {
      commands.forEach(pending -> pending.fail(failure));
    }
  }

  private static List<PendingCommand<?>> pendingOf(List<PendingCommand<?>> commands) {
    return commands.stream().filter(each -> !each.isDone()).toList();
  }

  private static RuntimeException asRuntime(Throwable e) {
    return e instanceof RuntimeException r
        ? r
        : new StoreException(Failure.STORE_ERROR, "the call failed in this server", e);
  }
}
