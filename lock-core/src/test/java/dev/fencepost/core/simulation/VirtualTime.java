package dev.fencepost.core.simulation;

import dev.fencepost.core.TimerService;
import java.time.Duration;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Virtual time: events happen one after another, in the order of their moments. */
public final class VirtualTime implements TimerService {
  private static final int MOST_EVENTS = 2_000_000;
  private static final long START_MICROS = 1_800_000_000_000_000L;

  /** The source of all randomness. */
  public final SplittableRandom random;

  private final PriorityQueue<Event> events = new PriorityQueue<>(Event::compareTo);
  private long nowNanos;
  private long sequence;
  private int happened;

  /** Creates a clock at zero. */
  public VirtualTime(long seed) {
    this.random = new SplittableRandom(seed);
  }

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  /** The store's clock. */
  public long clockMicros() {
    return START_MICROS + nowNanos / 1000;
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    Event event = new Event(nowNanos + Math.max(0, delay.toNanos()), sequence++, task);
    events.add(event);
    return event;
  }

  /** Runs all events that are due within the time. */
  public void run(Duration time) {
    long end = nowNanos + time.toNanos();
    while (!events.isEmpty() && events.peek().atNanos <= end) {
      Event event = events.remove();
      nowNanos = event.atNanos;
      if (++happened > MOST_EVENTS) {
        throw new AssertionError("more than " + MOST_EVENTS + " events: something spins");
      }
      if (!event.cancelled) {
        event.task.run();
      }
    }
    nowNanos = end;
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  /** Returns a duration from 0 to that many milliseconds, mostly short. */
  Duration upToMillis(long most) {
    double share = random.nextDouble();
    return Duration.ofNanos((long) (share * share * most * 1_000_000));
  }

  private static final class Event implements Timer, Comparable<Event> {
    final long atNanos;
    final long sequence;
    final Runnable task;
    boolean cancelled;

    Event(long atNanos, long sequence, Runnable task) {
      this.atNanos = atNanos;
      this.sequence = sequence;
      this.task = task;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
  }
}
