package dev.fencepost.backend.jdbc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Calls that wait for a connection, in the order in which they came; at most {@code capacity} of
 * them. Whoever comes to take gets what waits at that moment, up to {@code batchSize}, never two of
 * one key.
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

  private final int capacity;
  private final int batchSize;
  private final int takers;
  private final Deque<Call<?>> waiting = new ArrayDeque<>();
  private final Set<Object> suspects = new HashSet<>();
  private int alone;
  private boolean closed;

  CallQueue(int capacity, int batchSize, int takers) {
    this.capacity = capacity;
    this.batchSize = batchSize;
    this.takers = takers;
  }

  /** Calls taken together. */
  record Batch(List<Call<?>> calls, boolean isSuspect) {}

  /** Whether the call may wait here. */
  synchronized boolean offer(Call<?> call) {
    if (closed || waiting.size() >= capacity) {
      return false;
    }
    waiting.addLast(call);
    notify();
    return true;
  }

  /** Waits for calls; an empty batch is the end. */
  synchronized Batch take() {
    while (true) {
      Batch batch = pick();
      if (closed || !batch.calls().isEmpty()) {
        alone += batch.isSuspect() ? 1 : 0;
        return batch;
      }
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return batch;
      }
    }
  }

  /** The batch has its answers. */
  synchronized void answered(Batch batch) {
    if (batch.isSuspect()) {
      suspects.remove(batch.calls().get(0).question().key());
      alone--;
      notify();
    }
  }

  /** These calls of a batch were blocked by a row: they wait again. */
  synchronized void blocked(Batch batch, List<Call<?>> calls) {
    if (batch.isSuspect()) {
      alone--;
    }
    if (suspects.size() > MAX_SUSPECTS) {
      suspects.clear();
    }
    calls.forEach(call -> suspects.add(call.question().key()));
    waiting.addAll(calls);
    notifyAll();
  }

  /** Takes out all calls that have waited so long. */
  synchronized List<Call<?>> removeOlderThan(long nanos, long nowNanos) {
    List<Call<?>> old = new ArrayList<>();
    waiting.removeIf(call -> call.isOlderThan(nanos, nowNanos) && old.add(call));
    return old;
  }

  /** Ends the waiting of all takers; answers the calls that nobody took. */
  synchronized List<Call<?>> close() {
    closed = true;
    List<Call<?>> left = List.copyOf(waiting);
    waiting.clear();
    notifyAll();
    return left;
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
