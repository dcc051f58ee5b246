package dev.fencepost.backend.jdbc.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * A queue of commands that wait for a connection, first come first, at most {@code capacity} of
 * them. A taker gets all commands that wait at that moment, up to {@code batchSize}, but never two
 * with the same key.
 *
 * <p>The first taker always takes at once. The others take only a full batch, or commands that have
 * waited for longer than a statement should need. The reason: two half batches cost two commits
 * (measured with 64 callers: 10,000 pairs/s with two eager takers, 21,000 with one). But while one
 * statement waits for a row or a slow disk, another connection must go on.
 *
 * <p>A key that blocked a batch becomes a suspect. From then on its commands are executed alone,
 * and if there are several takers, never by the last free one. So a row that another session holds
 * cannot delay the other locks. The first success clears the key.
 *
 * <p>This is not a {@link dev.fencepost.lock.spi.support.CallLane}, for three reasons. A call
 * blocks a connection and its thread, so threads take batches instead of a sender pushing them. The
 * place of a call becomes free after its answers were delivered, so that what callers send next
 * travels in one batch; a lane would begin a batch of one with the first of them. And calls that
 * travel alone share the connections with all others, because the database has no more.
 *
 * <p>Safe for use by many threads.
 */
final class BatchQueue {
  private static final int MAX_SUSPECTS = 10_000;
  private static final int SCANNED_PER_COMMAND = 8;
  private static final long HELP_AFTER_NANOS = 10_000_000;
  private static final Batch NOTHING = new Batch(List.of(), false);

  private final int capacity;
  private final int batchSize;
  private final int takers;
  private final LongSupplier sweepCount;
  private final ReentrantLock guard = new ReentrantLock();
  private final Condition forFirst = guard.newCondition();
  private final Condition forHelpers = guard.newCondition();
  private final Deque<PendingCommand<?>> waiting = new ArrayDeque<>();
  private final Set<Object> suspects = new HashSet<>();
  private long searchedAtSweep = -1;
  private int suspectsInFlight;
  private boolean firstIsIdle;
  private boolean closed;

  /**
   * Makes an empty queue.
   *
   * @param sweepCount the number of times that commands were timed out. A full queue drops those
   *     commands once for each number: it must not be searched for each command that it refuses
   */
  BatchQueue(int capacity, int batchSize, int takers, LongSupplier sweepCount) {
    this.capacity = capacity;
    this.batchSize = batchSize;
    this.takers = takers;
    this.sweepCount = sweepCount;
  }

  /** Commands that are executed together. */
  record Batch(List<PendingCommand<?>> commands, boolean isSuspect) {}

  /** Adds a command; false if the queue is full or closed. */
  boolean offer(PendingCommand<?> pending) {
    guard.lock();
    try {
      if (closed || isFull()) {
        return false;
      }
      waiting.addLast(pending);
      signalTakers();
      return true;
    } finally {
      guard.unlock();
    }
  }

  /** Waits for commands. An empty batch means that the queue is closed. */
  Batch take(int taker) {
    guard.lock();
    try {
      boolean first = taker == 0;
      while (!closed) {
        Batch batch = first || isHelpNeeded() ? pick() : NOTHING;
        if (!batch.commands().isEmpty()) {
          suspectsInFlight += batch.isSuspect() ? 1 : 0;
          if (!waiting.isEmpty()) {
            forHelpers.signal();
          }
          return batch;
        }
        awaitCommands(first);
      }
      return NOTHING;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return NOTHING;
    } finally {
      guard.unlock();
    }
  }

  /** Called when all commands of a batch have their answers. */
  void onBatchAnswered(Batch batch) {
    if (!batch.isSuspect()) {
      return;
    }
    guard.lock();
    try {
      suspects.remove(batch.commands().get(0).command().key());
      suspectsInFlight--;
      signalTakers();
    } finally {
      guard.unlock();
    }
  }

  /**
   * Called when a row blocked these commands of a batch; queues them again, as suspects.
   *
   * @return the commands that nobody will take, because the queue is closed
   */
  List<PendingCommand<?>> onBatchBlocked(Batch batch, List<PendingCommand<?>> blocked) {
    guard.lock();
    try {
      if (closed) {
        return blocked;
      }
      suspectsInFlight -= batch.isSuspect() ? 1 : 0;
      if (suspects.size() > MAX_SUSPECTS) {
        suspects.clear();
      }
      blocked.forEach(pending -> suspects.add(pending.command().key()));
      waiting.addAll(blocked);
      signalTakers();
      return List.of();
    } finally {
      guard.unlock();
    }
  }

  /** Ends the wait of all takers and returns the commands that nobody took. */
  List<PendingCommand<?>> close() {
    guard.lock();
    try {
      closed = true;
      List<PendingCommand<?>> remaining = List.copyOf(waiting);
      waiting.clear();
      forFirst.signalAll();
      forHelpers.signalAll();
      return remaining;
    } finally {
      guard.unlock();
    }
  }

  /** True if there is no place, even without the commands that timed out. */
  private boolean isFull() {
    if (waiting.size() < capacity) {
      return false;
    }
    long sweeps = sweepCount.getAsLong();
    if (sweeps != searchedAtSweep) {
      searchedAtSweep = sweeps;
      waiting.removeIf(PendingCommand::isDone);
    }
    return waiting.size() >= capacity;
  }

  private void signalTakers() {
    if (firstIsIdle) {
      forFirst.signal();
    } else if (waiting.size() == 1 || waiting.size() >= batchSize) {
      // A single command starts to wait; a full batch need not wait.
      forHelpers.signal();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // The caller has the loop.
  private void awaitCommands(boolean first) throws InterruptedException {
    if (first) {
      firstIsIdle = true;
      try {
        forFirst.await();
      } finally {
        firstIsIdle = false;
      }
    } else if (waiting.isEmpty()) {
      forHelpers.await();
    } else {
      forHelpers.awaitNanos(HELP_AFTER_NANOS);
    }
  }

  private boolean isHelpNeeded() {
    PendingCommand<?> head = waiting.peekFirst();
    return waiting.size() >= batchSize
        || (head != null && head.isOlderThan(HELP_AFTER_NANOS, System.nanoTime()));
  }

  private Batch pick() {
    List<PendingCommand<?>> picked = new ArrayList<>(Math.min(waiting.size(), batchSize));
    Deque<PendingCommand<?>> skipped = new ArrayDeque<>();
    Set<Object> keys = new HashSet<>();
    int scanned = 0;
    boolean suspect = false;
    while (!suspect
        && !waiting.isEmpty()
        && picked.size() < batchSize
        && scanned++ < batchSize * SCANNED_PER_COMMAND) {
      PendingCommand<?> pending = waiting.pollFirst();
      Object key = pending.command().key();
      if (pending.isDone()) {
        continue;
      }
      if (!suspects.isEmpty() && suspects.contains(key)) {
        suspect = picked.isEmpty() && (takers == 1 || suspectsInFlight < takers - 1);
        (suspect ? picked : skipped).add(pending);
      } else if (keys.add(key)) {
        picked.add(pending);
      } else {
        skipped.add(pending);
      }
    }
    while (!skipped.isEmpty()) {
      waiting.addFirst(skipped.pollLast());
    }
    return new Batch(picked, suspect);
  }
}
