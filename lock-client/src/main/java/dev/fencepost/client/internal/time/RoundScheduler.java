package dev.fencepost.client.internal.time;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The only timer of a client. In each round it runs all items that are due, one {@link TimingWheel}
 * after the other in the order of their creation. A round comes at most every few milliseconds, so
 * that items which are due together run together.
 */
public final class RoundScheduler {
  /** The shortest time between two rounds. */
  static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** The longest time between two rounds. A suspend of the machine is noticed within this time. */
  static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ClientClock clock;
  private final ClientTimers timers;
  private final List<TimingWheel<?>> wheels = new CopyOnWriteArrayList<>();
  private volatile Consumer<Runnable> roundRunner = Runnable::run;
  private volatile long plannedNanos = ClientClock.NEVER;
  private ClientTimers.@Nullable Timer timer;
  private long nextRoundNanos;
  private boolean isClosed;

  public RoundScheduler(ClientClock clock, ClientTimers timers) {
    this.clock = clock;
    this.timers = timers;
  }

  /**
   * Returns a moment that is due in the next round. The current round may already have passed items
   * that must go first.
   */
  public static long nextRoundAfter(long nowNanos) {
    return nowNanos + 1;
  }

  public <T extends TimedItem> TimingWheel<T> newWheel() {
    TimingWheel<T> wheel = new TimingWheel<>(this);
    wheels.add(wheel);
    return wheel;
  }

  /** Sets a wrapper that runs each whole round. */
  public void setRoundRunner(Consumer<Runnable> runner) {
    roundRunner = runner;
  }

  /**
   * Makes sure that a round comes at that moment or earlier, or else as soon as a round is allowed.
   */
  void scheduleRound(long nanos) {
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
    timer = timers.schedule(Math.max(0, delay), this::runRound);
  }

  private void runRound() {
    long now = clock.nanos();
    synchronized (this) {
      nextRoundNanos = now + ROUND_NANOS;
      plannedNanos = ClientClock.NEVER;
    }
    try {
      roundRunner.accept(() -> wheels.forEach(wheel -> wheel.run(now)));
    } finally {
      long next = ClientClock.after(now, LONGEST_NANOS);
      for (TimingWheel<?> wheel : wheels) {
        next = Math.min(next, wheel.earliestNanos());
      }
      scheduleRound(next);
    }
  }
}
