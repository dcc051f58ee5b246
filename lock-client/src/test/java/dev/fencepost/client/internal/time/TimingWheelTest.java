package dev.fencepost.client.internal.time;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Due items run in time, and other items cost almost nothing. */
final class TimingWheelTest {
  private static final long TICK = TimingWheel.TICK_NANOS;
  private static final long TURN = TICK * TimingWheel.SLOTS;

  private final ManualTime time = new ManualTime();
  private final RoundScheduler agenda = new RoundScheduler(time, time);
  private final TimingWheel<Item> set = agenda.newWheel();
  private final AtomicLong looks = new AtomicLong();

  /** Due once at a moment, or again after each period. */
  private final class Item implements TimedItem {
    private final long periodNanos;
    private final List<Long> runs = new ArrayList<>();
    private volatile long due;

    Item(long due, long periodNanos) {
      this.due = due;
      this.periodNanos = periodNanos;
    }

    @Override
    public long dueNanos() {
      looks.incrementAndGet();
      return due;
    }

    @Override
    public void run(long nowNanos) {
      runs.add(nowNanos);
      due = ClientClock.after(due, periodNanos);
    }
  }

  @Test
  void eachItem_runsAtItsNanosecond() {
    for (long due : List.of(1 + TICK / 3, 5 * TICK, TURN - 1, TURN, 3 * TURN + 7, 100 * TURN + 1)) {
      Item item = once(time.nanos() + due);
      long expected = item.due;
      set.add(item);
      time.pass(Duration.ofNanos(due + TICK));
      assertThat(item.runs).containsExactly(expected);
      set.remove(item);
    }
  }

  @Test
  void itemMovedEarlier_runsAtItsNewTime() {
    Item item = once(10 * TURN);
    set.add(item);
    time.pass(Duration.ofNanos(TURN));
    item.due = time.nanos() + 3;
    set.reschedule(item);
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).hasSize(1);
  }

  @Test
  void itemMovedLater_doesNotRunBefore() {
    Item item = once(2 * TICK);
    set.add(item);
    item.due = 2 * TURN;
    time.pass(Duration.ofNanos(2 * TURN - 2));
    assertThat(item.runs).isEmpty();
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).containsExactly(2 * TURN);
  }

  @Test
  void itemLongOverdue_runsWhenTimeContinues() {
    Item item = once(TICK);
    set.add(item);
    time.standStill(Duration.ofNanos(7 * TURN + 3));
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).hasSize(1);
  }

  @Test
  void removedItem_doesNotRun() {
    Item item = once(TICK);
    set.add(item);
    set.remove(item);
    time.pass(Duration.ofNanos(TURN));
    assertThat(item.runs).isEmpty();
    assertThat(set.size()).isZero();
  }

  @Test
  void itemThatStaysDue_runsEveryFewMilliseconds() {
    Item item = new Item(1, 0);
    set.add(item);
    time.pass(Duration.ofSeconds(1));
    assertThat(item.runs).hasSizeBetween(99, 101);
  }

  @Test
  void manyItems_costOnlyThoseThatAreDue() {
    int many = 10_000;
    Duration period = Duration.ofSeconds(10);
    for (int i = 1; i <= many; i++) {
      set.add(new Item(i * period.toNanos() / many, period.toNanos()));
    }
    time.pass(period);
    looks.set(0);
    time.pass(period);
    // Rounds of 10 ms that visited all items would visit 10,000,000.
    assertThat(looks.get()).isBetween((long) many, 20L * many);
  }

  @Test
  void itemStoredDuringARound_runsInTheNext() throws Exception {
    TimingWheel<RescheduledItem> hammered = new RoundScheduler(time, new NoTimers()).newWheel();
    AtomicLong clock = new AtomicLong(1);
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Random random = new Random(7420 + i);
        all.add(
            pool.submit(() -> new RescheduledItem(hammered, clock).rescheduleRepeatedly(random)));
      }
      while (!all.stream().allMatch(Future::isDone)) {
        hammered.run(clock.addAndGet(RescheduledItem.STEP));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private Item once(long due) {
    return new Item(due, ClientClock.NEVER);
  }

  /** Falls due, runs, and falls due again soon. */
  private static final class RescheduledItem implements TimedItem {
    private static final long STEP = TICK / 3;
    private static final int TIMES = 20_000;

    private final TimingWheel<RescheduledItem> set;
    private final AtomicLong clock;
    private volatile long due = ClientClock.NEVER;
    private volatile long ranAt;

    RescheduledItem(TimingWheel<RescheduledItem> set, AtomicLong clock) {
      this.set = set;
      this.clock = clock;
      set.add(this);
    }

    void rescheduleRepeatedly(Random random) {
      for (int i = 0; i < TIMES; i++) {
        ranAt = 0;
        long wanted = clock.get() + random.nextLong(4 * TICK);
        due = wanted;
        set.reschedule(this);
        long filedBy = clock.get();
        while (ranAt == 0) {
          Thread.onSpinWait();
        }
        // A round may have been running when the item was stored.
        assertThat(ranAt).isLessThanOrEqualTo(Math.max(wanted, filedBy) + 2 * STEP);
      }
    }

    @Override
    public long dueNanos() {
      return due;
    }

    @Override
    public void run(long nowNanos) {
      due = ClientClock.NEVER;
      ranAt = nowNanos;
    }
  }

  /** Does not schedule anything: the test runs the rounds. */
  private static final class NoTimers implements ClientTimers {
    @Override
    public Timer schedule(long delayNanos, Runnable task) {
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
