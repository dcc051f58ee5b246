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
 * Things of one kind that an {@link RoundScheduler} looks at. They are filed by the moment at which
 * they are due in the slots of a wheel (G. Varghese, T. Lauck: Hashed and Hierarchical Timing
 * Wheels, SOSP 1987, scheme 6), so that a round costs what is due and not what there is: a client
 * may hold 100,000 locks. What is due later than when it was filed is found in its old slot, and
 * filed anew then. Adding and removing cost no timer. Thread-safe; {@link #run} is for one thread
 * at a time.
 */
public final class TimingWheel<T extends TimedItem> {
  /** The time that a slot stands for. */
  static final long TICK_NANOS = RoundScheduler.ROUND_NANOS;

  /** A turn of the wheel is 2.56 s; what is due later is passed by once in each. */
  static final int SLOTS = 256;

  private static final Logger LOG = LoggerFactory.getLogger(TimingWheel.class);

  private final RoundScheduler scheduler;
  private final List<Set<T>> wheel =
      Stream.<Set<T>>generate(ConcurrentHashMap::newKeySet).limit(SLOTS).toList();

  /** All items, each with the tick under which it is filed; {@link ClientClock#NEVER}: nowhere. */
  private final Map<T, Long> ticks = new ConcurrentHashMap<>();

  private final AtomicLong earliestNanos = new AtomicLong(ClientClock.NEVER);

  /** Nothing is filed before this tick, of which the next round looks at all slots. */
  private volatile long firstTick;

  TimingWheel(RoundScheduler scheduler) {
    this.scheduler = scheduler;
  }

  public void add(T item) {
    ticks.putIfAbsent(item, ClientClock.NEVER);
    touch(item);
  }

  public void remove(T item) {
    ticks.computeIfPresent(
        item,
        (same, tick) -> {
          take(same, tick);
          return null;
        });
  }

  /** To be told whenever an item may be due earlier than before. */
  public void touch(T item) {
    file(item, false);
    long due = item.dueNanos();
    if (due < earliestNanos.get()) {
      lower(due);
      scheduler.wakeAt(due);
    }
  }

  public int size() {
    return ticks.size();
  }

  public void forEach(Consumer<T> action) {
    ticks.keySet().forEach(action);
  }

  /** Nothing is due before this. */
  long earliestNanos() {
    return earliestNanos.get();
  }

  void run(long nowNanos) {
    if (earliestNanos.get() > nowNanos) {
      return;
    }
    // Whoever files something from here on sees these two: or is seen below.
    earliestNanos.set(ClientClock.NEVER);
    long last = nowNanos / TICK_NANOS;
    long first = Math.max(firstTick, last - SLOTS + 1);
    firstTick = last;
    // Backwards: what stays due is filed under the last, and must not be met there once more.
    for (long tick = last; tick >= first; tick--) {
      for (T item : slot(tick)) {
        look(item, last, nowNanos);
      }
    }
    lower(nextNanos(last));
  }

  private void look(T item, long lastTick, long nowNanos) {
    Long tick = ticks.get(item);
    if (tick == null || tick > lastTick) {
      return;
    }
    if (item.dueNanos() <= nowNanos) {
      runSafely(item, nowNanos);
    }
    file(item, true);
  }

  /** When the first of them is due, or when the wheel has turned without one. */
  private long nextNanos(long fromTick) {
    long passedBy = ClientClock.NEVER;
    for (long tick = fromTick; tick < fromTick + SLOTS; tick++) {
      long next = ClientClock.NEVER;
      for (T item : slot(tick)) {
        Long filed = ticks.get(item);
        if (filed != null && filed <= tick && file(item, true) <= tick) {
          next = Math.min(next, item.dueNanos());
        } else {
          passedBy = (fromTick + SLOTS) * TICK_NANOS;
        }
      }
      if (next != ClientClock.NEVER) {
        return next;
      }
    }
    return passedBy;
  }

  /**
   * Files an item under its moment; one that is due later than before only if asked to.
   *
   * @return the tick under which it is filed
   */
  private long file(T item, boolean evenLater) {
    long first;
    Long filed;
    do {
      first = firstTick;
      long notBefore = first;
      filed =
          ticks.computeIfPresent(
              item,
              (same, was) -> {
                long tick = Math.max(notBefore, tickOf(same.dueNanos()));
                if (tick == was || (tick > was && was >= notBefore && !evenLater)) {
                  return was;
                }
                take(same, was);
                if (tick != ClientClock.NEVER) {
                  slot(tick).add(same);
                }
                return tick;
              });
      // A round that has begun meanwhile may have passed the slot.
    } while (filed != null && first != firstTick);
    return filed == null ? ClientClock.NEVER : filed;
  }

  private void take(T item, long tick) {
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
    } catch (RuntimeException | Error e) {
      LOG.error("{} failed when it was due", item.getClass().getSimpleName(), e);
    }
  }
}
