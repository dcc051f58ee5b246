package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariDataSource;
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
 * A queue of calls and the few threads that ask them, one for each connection of a pool. What waits
 * at the same moment goes together: under load a statement carries many calls, otherwise one call
 * goes at once. Nothing waits for a batch to fill.
 *
 * <p>Answers are told on these threads. Safe for use by many threads.
 */
final class Lane implements AutoCloseable {
  private static final int MOST_COLLISIONS = 10;
  private static final int MOST_PAUSE_MICROS = 2_000;

  private static final Duration PATIENCE = Duration.ofMillis(500);

  /** Asks all calls of one kind through a connection and settles each, as {@link Database#ask}. */
  @FunctionalInterface
  interface Work {
    void ask(Connection connection, List<Call<?>> calls) throws SQLException;
  }

  /**
   * How a lane works.
   *
   * @param name of its threads
   * @param batchSize most calls in one statement
   * @param capacity most calls that wait
   * @param callTimeout after which a call is told that there is no answer
   */
  record Terms(String name, int batchSize, int capacity, Duration callTimeout) {}

  private final Terms terms;
  private final HikariDataSource pool;
  private final Work work;
  private final Random random;
  private final CallQueue queue;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReferenceArray<List<Call<?>>> underWay;

  /** Starts as many threads as the pool has connections. */
  Lane(Terms terms, HikariDataSource pool, Work work, Random random) {
    this.terms = terms;
    this.pool = pool;
    this.work = work;
    this.random = random;
    int connections = pool.getMaximumPoolSize();
    this.queue = new CallQueue(terms.capacity(), terms.batchSize(), connections);
    this.underWay = new AtomicReferenceArray<>(connections);
    for (int i = 0; i < connections; i++) {
      int number = i;
      Thread thread = new Thread(() -> work(number), "fencepost-jdbc-" + terms.name() + "-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** Asks; the stage ends within the call timeout, give or take the interval of {@link #expire}. */
  <T> CompletionStage<T> ask(Question<T> question) {
    Call<T> call = new Call<>(question, System.nanoTime());
    if (!queue.offer(call)) {
      call.fail(
          new StoreException(
              Failure.STORE_OVERLOADED, "too many calls wait for the database already"));
    }
    return call.answer();
  }

  /** Tells the calls that are older than the call timeout that they had no answer. */
  void expire(long nowNanos) {
    long nanos = terms.callTimeout().toNanos();
    for (Call<?> call : queue.removeOlderThan(nanos, nowNanos)) {
      call.fail(
          new StoreException(
              Failure.STORE_TIMEOUT, "waited for a connection for the whole call timeout"));
    }
    for (int i = 0; i < underWay.length(); i++) {
      List<Call<?>> calls = underWay.get(i);
      if (calls != null) {
        calls.stream()
            .filter(call -> call.isOlderThan(nanos, nowNanos))
            .forEach(
                call ->
                    call.fail(
                        new StoreException(
                            Failure.STORE_TIMEOUT,
                            "no answer from the database within the call timeout")));
      }
    }
  }

  /** Refuses what waits and waits a little for what is under way. */
  @Override
  public void close() {
    for (Call<?> call : queue.close()) {
      call.fail(new StoreException(Failure.STORE_UNREACHABLE, "the backend is closed"));
    }
    // Never interrupted: that would close the file of an embedded database.
    threads.forEach(thread -> join(thread, PATIENCE));
    pool.close();
  }

  private static void join(Thread thread, Duration patience) {
    try {
      thread.join(patience.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void work(int number) {
    for (CallQueue.Batch batch = queue.take(number);
        !batch.calls().isEmpty();
        batch = queue.take(number)) {
      underWay.set(number, batch.calls());
      List<Call<?>> blocked = new ArrayList<>();
      byKind(batch.calls()).values().forEach(calls -> ask(calls, blocked));
      underWay.set(number, null);
      if (blocked.isEmpty()) {
        queue.answered(batch);
      } else {
        queue.blocked(batch, blocked);
      }
    }
  }

  private static Map<Question.Kind, List<Call<?>>> byKind(List<Call<?>> calls) {
    Map<Question.Kind, List<Call<?>>> kinds = new EnumMap<>(Question.Kind.class);
    calls.forEach(
        call -> kinds.computeIfAbsent(call.question().kind(), k -> new ArrayList<>()).add(call));
    return kinds;
  }

  private void ask(List<Call<?>> calls, List<Call<?>> blocked) {
    for (int collisions = 0; ; collisions++) {
      try {
        askOnce(calls);
        calls.forEach(Call::tell);
        return;
      } catch (SQLException e) {
        Trouble trouble = Trouble.of(e);
        if (trouble == Trouble.COLLISION && collisions < MOST_COLLISIONS) {
          pause();
          continue;
        }
        if (trouble == Trouble.BLOCKED) {
          calls.stream().filter(call -> !call.isOver()).forEach(blocked::add);
          return;
        }
        boolean oneMayBeBad = trouble == Trouble.REFUSED || trouble == Trouble.COLLISION;
        failOrSplit(calls, blocked, oneMayBeBad, trouble.as(e));
        return;
      } catch (RuntimeException | Error e) {
        failOrSplit(calls, blocked, true, asRuntime(e));
        return;
      }
    }
  }

  /** Asks those that are not over: a repetition leaves out what has happened and was told. */
  private void askOnce(List<Call<?>> calls) throws SQLException {
    List<Call<?>> open = calls.stream().filter(call -> !call.isOver()).toList();
    if (open.isEmpty()) {
      return;
    }
    try (Connection connection = pool.getConnection()) {
      try {
        work.ask(connection, open);
      } catch (SQLException e) {
        if (Trouble.of(e) == Trouble.UNREACHABLE) {
          pool.evictConnection(connection);
        }
        throw e;
      }
    }
  }

  private void failOrSplit(
      List<Call<?>> calls, List<Call<?>> blocked, boolean oneMayBeBad, RuntimeException failure) {
    if (oneMayBeBad && calls.size() > 1) {
      calls.stream().filter(call -> !call.isOver()).forEach(call -> ask(List.of(call), blocked));
    } else {
      calls.forEach(call -> call.fail(failure));
    }
  }

  private static RuntimeException asRuntime(Throwable e) {
    return e instanceof RuntimeException r
        ? r
        : new StoreException(Failure.STORE_ERROR, "the call failed in this server", e);
  }

  private void pause() {
    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(MOST_PAUSE_MICROS)));
  }
}
