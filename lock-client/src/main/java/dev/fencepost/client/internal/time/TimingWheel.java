package dev.fencepost.client.internal.time;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The timed items of one kind, run by a {@link RoundScheduler}. Items are stored by their due time
 * in the slots of a wheel (G. Varghese, T. Lauck: Hashed and Hierarchical Timing Wheels, SOSP 1987,
 * scheme 6). A round therefore costs the items that are due, not all items: a client may hold
 * 100,000 locks. An item whose due time moved later is found in its old slot and stored again from
 * there. Adding and removing need no timer. Thread-safe, but {@link #run} is for one thread at a
 * time.
 */
public final class TimingWheel<T extends TimedItem> {
  /** The length of a slot. */
  static final long TICK_NANOS = RoundScheduler.ROUND_NANOS;

  /** A turn of the wheel takes 2.56 s. Items that are due later are skipped once in each turn. */
  static final int SLOTS = 256;

  private static final Logger LOG = LoggerFactory.getLogger(TimingWheel.class);

  private final RoundScheduler scheduler;
  private final List<Set<T>> wheel =
      Stream.<Set<T>>generate(ConcurrentHashMap::newKeySet).limit(SLOTS).toList();

  /** All items, each with the tick of its slot; {@link ClientClock#NEVER} if it is in no slot. */
  private final Map<T, Long> ticks = new ConcurrentHashMap<>();

  private final AtomicLong earliestNanos = new AtomicLong(ClientClock.NEVER);

  /** No item is stored before this tick. The next round scans all slots from here. */
  private volatile long firstTick;

  TimingWheel(RoundScheduler scheduler) {
    this.scheduler = scheduler;
  }

  public void add(T item) {
    ticks.putIfAbsent(item, ClientClock.NEVER);
    reschedule(item);
  }

  public void remove(T item) {
    ticks.computeIfPresent(
        item,
        (same, tick) -> {
          removeFrom(same, tick);
          return null;
        });
  }

  /** Must be called whenever an item may be due earlier than before. */
  public void reschedule(T item) {
    place(item, false);
    long due = item.dueNanos();
    if (due < earliestNanos.get()) {
      lowerEarliest(due);
      scheduler.scheduleRound(due);
    }
  }

  public int size() {
    return ticks.size();
  }

  public void forEach(Consumer<T> action) {
    ticks.keySet().forEach(action);
  }

  /** No item is due before this moment. */
  long earliestNanos() {
    return earliestNanos.get();
  }

  void run(long nowNanos) {
    if (earliestNanos.get() > nowNanos) {
      return;
    }
    // Publish both fields before the scan, so that a concurrent add is not missed.
    earliestNanos.set(ClientClock.NEVER);
    long last = nowNanos / TICK_NANOS;
    long first = Math.max(firstTick, last - SLOTS + 1);
    firstTick = last;
    // Scan backwards: items that stay due are stored again in the last slot and must not run twice.
    for (long tick = last; tick >= first; tick--) {
      for (T item : slot(tick)) {
        visit(item, last, nowNanos);
      }
    }
    lowerEarliest(nextNanos(last));
  }

  private void visit(T item, long lastTick, long nowNanos) {
    Long tick = ticks.get(item);
    if (tick == null || tick > lastTick) {
      return;
    }
    if (item.dueNanos() <= nowNanos) {
      runSafely(item, nowNanos);
    }
    place(item, true);
  }

  /** The earliest due time of all items, or the time at which the wheel has turned without one. */
  private long nextNanos(long fromTick) {
    long wheelEnd = ClientClock.NEVER;
    for (long tick = fromTick; tick < fromTick + SLOTS; tick++) {
      long next = ClientClock.NEVER;
      for (T item : slot(tick)) {
        Long placedTick = ticks.get(item);
        if (placedTick != null && placedTick <= tick && place(item, true) <= tick) {
          next = Math.min(next, item.dueNanos());
        } else {
          wheelEnd = (fromTick + SLOTS) * TICK_NANOS;
        }
      }
      if (next != ClientClock.NEVER) {
        return next;
      }
    }
    return wheelEnd;
  }

  /**
   * Stores an item in the slot of its due time. If it is due later than before, it moves only if
   * {@code evenLater} is set.
   *
   * @return the tick of its slot
   */
  private long place(T item, boolean evenLater) {
    long first;
    Long placedTick;
    do {
      first = firstTick;
      long notBefore = first;
      placedTick =
          ticks.computeIfPresent(
              item,
              (same, was) -> {
                long tick = Math.max(notBefore, tickOf(same.dueNanos()));
                if (tick == was || (tick > was && was >= notBefore && !evenLater)) {
                  return was;
                }
                removeFrom(same, was);
                if (tick != ClientClock.NEVER) {
                  slot(tick).add(same);
                }
                return tick;
              });
      // A round that began meanwhile may have passed the slot.
    } while (placedTick != null && first != firstTick);
    return placedTick == null ? ClientClock.NEVER : placedTick;
  }

  private void removeFrom(T item, long tick) {
    if (tick != ClientClock.NEVER) {
      slot(tick).remove(item);
    }
  }

  private static long tickOf(long dueNanos) {
    return dueNanos == ClientClock.NEVER ? dueNanos : dueNanos / TICK_NANOS;
  }

  private Set<T> slot(long tick) {
    return wheel.get((int) (tick % SLOTS));
  }

  private void lowerEarliest(long due) {
    long current = earliestNanos.get();
    while (due < current && !earliestNanos.compareAndSet(current, due)) {
      current = earliestNanos.get();
    }
  }

  /** Catches failures, so that one item does not keep the others from running. */
  private void runSafely(T item, long nowNanos) {
    try {
      item.run(nowNanos);
    } catch (RuntimeException | Error e) {
      LOG.error("{} failed when it was due", item.getClass().getSimpleName(), e);
    }
  }
}
