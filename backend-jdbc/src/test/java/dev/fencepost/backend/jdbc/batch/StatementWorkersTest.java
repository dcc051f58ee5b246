package dev.fencepost.backend.jdbc.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.backend.jdbc.connection.ConnectionPool;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.LockCommand;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Batches that failed: one that took effect in part, and one that ended after the close. */
final class StatementWorkersTest {
  private static final StatementWorkers.WorkerSettings SETTINGS =
      new StatementWorkers.WorkerSettings("test", 1, 10, 10, Duration.ofMinutes(1));

  private final CallDeadlines deadlines = new CallDeadlines("test-deadlines", error -> {});
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch queued = new CountDownLatch(1);
  private final Queue<List<String>> executed = new ConcurrentLinkedQueue<>();

  @AfterEach
  void endDeadlines() {
    deadlines.close();
  }

  @Test
  void retriedBatch_skipsCompletedCommands() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:workers");
    config.setMaximumPoolSize(1);
    try (ConnectionPool pool = new ConnectionPool(new HikariDataSource(config), new Random(1));
        StatementWorkers workers =
            new StatementWorkers(SETTINGS, pool, this::completeOneThenCollide, deadlines)) {
      CompletableFuture<Boolean> first = workers.submit(leave("first")).toCompletableFuture();
      await(started);
      CompletableFuture<Boolean> completed =
          workers.submit(leave("completed")).toCompletableFuture();
      CompletableFuture<Boolean> retried = workers.submit(leave("retried")).toCompletableFuture();
      queued.countDown();
      assertThat(first.get(1, TimeUnit.MINUTES)).isTrue();
      assertThat(completed.get(1, TimeUnit.MINUTES)).isTrue();
      assertThat(retried.get(1, TimeUnit.MINUTES)).isTrue();
    }
    assertThat(executed)
        .containsExactly(List.of("first"), List.of("completed", "retried"), List.of("retried"));
  }

  @Test
  void commandFoundBlockedAfterTheClose_isFailed() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:blocked");
    config.setMaximumPoolSize(1);
    CompletableFuture<Boolean> blocked;
    try (ConnectionPool pool = new ConnectionPool(new HikariDataSource(config), new Random(1));
        StatementWorkers workers =
            new StatementWorkers(SETTINGS, pool, this::blockAfterTheClose, deadlines)) {
      blocked = workers.submit(leave("blocked")).toCompletableFuture();
      await(started);
    }
    queued.countDown();
    assertThat(blocked.handle((done, error) -> error).get(5, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            StoreException.class,
            error -> assertThat(error.failure()).isEqualTo(Failure.STORE_UNREACHABLE));
  }

  private void blockAfterTheClose(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    started.countDown();
    await(queued);
    throw new SQLException("another session holds the row", "55P03");
  }

  /** The first command is executed alone, so that the next ones wait in the queue meanwhile. */
  private void completeOneThenCollide(Connection connection, List<PendingCommand<?>> commands)
      throws SQLException {
    executed.add(commands.stream().map(StatementWorkersTest::nameOf).toList());
    if (nameOf(commands.get(0)).equals("first")) {
      started.countDown();
      await(queued);
    }
    for (PendingCommand<?> pending : commands) {
      pending.recordUntypedOutcome(true);
      if (nameOf(pending).equals("completed")) {
        pending.complete();
        throw new SQLException("a deadlock", "40P01");
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String nameOf(PendingCommand<?> pending) {
    return pending.step().lock().value();
  }

  private static JdbcCommand<Boolean> leave(String lock) {
    return new JdbcCommand.OnLock<>(new LockCommand.LeaveQueue(new LockName(lock)));
  }
}
