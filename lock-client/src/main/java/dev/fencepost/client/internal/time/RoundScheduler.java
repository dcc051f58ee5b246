package dev.fencepost.client.internal.time;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of a client: it goes through whatever is due, in the order in which the sets were
 * made, at most every few milliseconds, so that what is due together is done together.
 */
public final class RoundScheduler {
  /** What becomes due within this time of a round waits for the next. */
  static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** A suspend of the machine is found out no later than this. */
  static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ClientClock clock;
  private final ClientTimers timers;
  private final List<TimingWheel<?>> sets = new CopyOnWriteArrayList<>();
  private volatile Consumer<Runnable> together = Runnable::run;
  private volatile long plannedNanos = ClientClock.NEVER;
  private ClientTimers.@Nullable Timer timer;
  private long nextRoundNanos;
  private boolean isClosed;

  public RoundScheduler(ClientClock clock, ClientTimers timers) {
    this.clock = clock;
    this.timers = timers;
  }

  /** Is due in the next round: one that has begun may have passed what must go first. */
  public static long afterRoundOf(long nowNanos) {
    return nowNanos + 1;
  }

  public <T extends TimedItem> TimingWheel<T> newSet() {
    TimingWheel<T> set = new TimingWheel<>(this);
    sets.add(set);
    return set;
  }

  /** Has each round done by that, whole. */
  public void inRounds(Consumer<Runnable> how) {
    together = how;
  }

  /** Sees to a round at that moment at the latest, or as soon as one may be. */
  void wakeAt(long nanos) {
    if (nanos < plannedNanos) {
      plan(nanos);
    }
  }

  public synchronized void close() {
    isClosed = true;
    if (timer != null) {
      timer.cancel();
    }
  }

  private synchronized void plan(long wantedNanos) {
    long nanos = Math.max(wantedNanos, nextRoundNanos);
    if (isClosed || nanos >= plannedNanos) {
      return;
    }
    if (timer != null) {
      timer.cancel();
    }
    plannedNanos = nanos;
    long delay = Math.min(nanos - clock.nanos(), LONGEST_NANOS);
    timer = timers.schedule(Math.max(0, delay), this::round);
  }

  private void round() {
    long now = clock.nanos();
    synchronized (this) {
      nextRoundNanos = now + ROUND_NANOS;
      plannedNanos = ClientClock.NEVER;
    }
    try {
      together.accept(() -> sets.forEach(set -> set.run(now)));
    } finally {
      long next = ClientClock.after(now, LONGEST_NANOS);
      for (TimingWheel<?> set : sets) {
        next = Math.min(next, set.earliestNanos());
      }
      wakeAt(next);
    }
  }
}
