package dev.fencepost.backend.jdbc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Calls that wait for a connection, in the order in which they came; at most {@code capacity} of
 * them. Whoever comes to take gets what waits at that moment, up to {@code batchSize}, never two of
 * one key.
 *
 * <p>The first taker is always eager. The others take only a full batch, or what has waited for
 * longer than a statement should need: two half batches cost two commits (measured with 64 callers:
 * 10,000 pairs/s with two eager takers, 21,000 with one), but while one statement waits for a row
 * or a slow disk, another connection goes on.
 *
 * <p>A key on which a batch was blocked is a suspect: its calls travel alone from then on, and
 * while there are several takers never through the last of them, so that a row held by a stranger
 * cannot hold up the others. It is cleared by its first success.
 *
 * <p>Safe for use by many threads.
 */
final class CallQueue {
  private static final int MAX_SUSPECTS = 10_000;
  private static final int SCANNED_PER_CALL = 8;
  private static final long HELP_AFTER_NANOS = 10_000_000;

  private final int capacity;
  private final int batchSize;
  private final int takers;
  private final ReentrantLock guard = new ReentrantLock();
  private final Condition forFirst = guard.newCondition();
  private final Condition forHelpers = guard.newCondition();
  private final Deque<Call<?>> waiting = new ArrayDeque<>();
  private final Set<Object> suspects = new HashSet<>();
  private int alone;
  private boolean firstIsIdle;
  private boolean closed;

  CallQueue(int capacity, int batchSize, int takers) {
    this.capacity = capacity;
    this.batchSize = batchSize;
    this.takers = takers;
  }

  private static final Batch NOTHING = new Batch(List.of(), false);

  /** Calls taken together. */
  record Batch(List<Call<?>> calls, boolean isSuspect) {}

  /** Whether the call may wait here. */
  boolean offer(Call<?> call) {
    guard.lock();
    try {
      if (closed || waiting.size() >= capacity) {
        return false;
      }
      waiting.addLast(call);
      signal();
      return true;
    } finally {
      guard.unlock();
    }
  }

  /** Waits for calls; an empty batch is the end. */
  Batch take(int taker) {
    guard.lock();
    try {
      boolean first = taker == 0;
      while (!closed) {
        Batch batch = first || isHelpNeeded() ? pick() : NOTHING;
        if (!batch.calls().isEmpty()) {
          alone += batch.isSuspect() ? 1 : 0;
          if (!waiting.isEmpty()) {
            forHelpers.signal();
          }
          return batch;
        }
        await(first);
      }
      return NOTHING;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return NOTHING;
    } finally {
      guard.unlock();
    }
  }

  /** The batch has its answers. */
  void answered(Batch batch) {
    if (!batch.isSuspect()) {
      return;
    }
    guard.lock();
    try {
      suspects.remove(batch.calls().get(0).question().key());
      alone--;
      signal();
    } finally {
      guard.unlock();
    }
  }

  /** These calls of a batch were blocked by a row: they wait again. */
  void blocked(Batch batch, List<Call<?>> calls) {
    guard.lock();
    try {
      alone -= batch.isSuspect() ? 1 : 0;
      if (suspects.size() > MAX_SUSPECTS) {
        suspects.clear();
      }
      calls.forEach(call -> suspects.add(call.question().key()));
      waiting.addAll(calls);
      signal();
    } finally {
      guard.unlock();
    }
  }

  /** Takes out all calls that have waited so long. */
  List<Call<?>> removeOlderThan(long nanos, long nowNanos) {
    List<Call<?>> old = new ArrayList<>();
    guard.lock();
    try {
      waiting.removeIf(call -> call.isOlderThan(nanos, nowNanos) && old.add(call));
      return old;
    } finally {
      guard.unlock();
    }
  }

  /** Ends the waiting of all takers; answers the calls that nobody took. */
  List<Call<?>> close() {
    guard.lock();
    try {
      closed = true;
      List<Call<?>> left = List.copyOf(waiting);
      waiting.clear();
      forFirst.signalAll();
      forHelpers.signalAll();
      return left;
    } finally {
      guard.unlock();
    }
  }

  private void signal() {
    if (firstIsIdle) {
      forFirst.signal();
    } else if (waiting.size() == 1 || waiting.size() >= batchSize) {
      // The first begins to grow old; a full batch need not.
      forHelpers.signal();
    }
  }

  @SuppressWarnings("WaitNotInLoop") // The loop is the caller's.
  private void await(boolean first) throws InterruptedException {
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
    Call<?> head = waiting.peekFirst();
    return waiting.size() >= batchSize
        || (head != null && head.isOlderThan(HELP_AFTER_NANOS, System.nanoTime()));
  }

  private Batch pick() {
    List<Call<?>> picked = new ArrayList<>(Math.min(waiting.size(), batchSize));
    Deque<Call<?>> passedOver = new ArrayDeque<>();
    Set<Object> keys = new HashSet<>();
    int scanned = 0;
    boolean suspect = false;
    while (!suspect
        && !waiting.isEmpty()
        && picked.size() < batchSize
        && scanned++ < batchSize * SCANNED_PER_CALL) {
      Call<?> call = waiting.pollFirst();
      Object key = call.question().key();
      if (call.isOver()) {
        continue;
      }
      if (!suspects.isEmpty() && suspects.contains(key)) {
        suspect = picked.isEmpty() && (takers == 1 || alone < takers - 1);
        (suspect ? picked : passedOver).add(call);
      } else if (keys.add(key)) {
        picked.add(call);
      } else {
        passedOver.add(call);
      }
    }
    while (!passedOver.isEmpty()) {
      waiting.addFirst(passedOver.pollLast());
    }
    return new Batch(picked, suspect);
  }
}
