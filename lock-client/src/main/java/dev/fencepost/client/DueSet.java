package dev.fencepost.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Things of one kind that an {@link Agenda} looks at. Adding and removing cost no timer: the set
 * knows a moment before which nothing in it is due, and is gone through only then. Thread-safe.
 */
final class DueSet<T extends Due> {
  private static final Logger LOG = LoggerFactory.getLogger(DueSet.class);

  private final Set<T> items = ConcurrentHashMap.newKeySet();
  private final AtomicLong earliestNanos = new AtomicLong(ClientClock.NEVER);
  private final Agenda agenda;

  DueSet(Agenda agenda) {
    this.agenda = agenda;
  }

  void add(T item) {
    items.add(item);
    touch(item);
  }

  /** Whether it was there. */
  boolean remove(T item) {
    return items.remove(item);
  }

  /** To be told whenever an item may be due earlier than before. */
  void touch(T item) {
    long due = item.dueNanos();
    if (due < earliestNanos.get()) {
      lower(due);
      agenda.wakeAt(due);
    }
  }

  int size() {
    return items.size();
  }

  void forEach(Consumer<T> action) {
    items.forEach(action);
  }

  /** Nothing is due before this. */
  long earliestNanos() {
    return earliestNanos.get();
  }

  void run(long nowNanos) {
    if (earliestNanos.get() > nowNanos) {
      return;
    }
    earliestNanos.set(ClientClock.NEVER);
    for (T item : items) {
      if (item.dueNanos() <= nowNanos) {
        runSafely(item, nowNanos);
      }
      lower(item.dueNanos());
    }
  }

  private void lower(long due) {
    long seen = earliestNanos.get();
    while (due < seen && !earliestNanos.compareAndSet(seen, due)) {
      seen = earliestNanos.get();
    }
  }

  /** One that fails must not keep the others from being looked at. */
  private void runSafely(T item, long nowNanos) {
    try {
      item.run(nowNanos);
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      LOG.error("{} failed when it was due", item.getClass().getSimpleName(), e);
    }
  }
}
