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

/** What is due is looked at in time, and what is not costs next to nothing. */
final class TimingWheelTest {
  private static final long TICK = TimingWheel.TICK_NANOS;
  private static final long TURN = TICK * TimingWheel.SLOTS;

  private final ManualTime time = new ManualTime();
  private final RoundScheduler agenda = new RoundScheduler(time, time);
  private final TimingWheel<Item> set = agenda.newSet();
  private final AtomicLong looks = new AtomicLong();

  /** Due at a moment, and then not any more or once again each period. */
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
  void eachMoment_isMetToTheNanosecond() {
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
  void whatIsDueEarlierAfterAll_isMetThen() {
    Item item = once(10 * TURN);
    set.add(item);
    time.pass(Duration.ofNanos(TURN));
    item.due = time.nanos() + 3;
    set.touch(item);
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).hasSize(1);
  }

  @Test
  void whatIsDueLaterAfterAll_isNotMetBefore() {
    Item item = once(2 * TICK);
    set.add(item);
    item.due = 2 * TURN;
    time.pass(Duration.ofNanos(2 * TURN - 2));
    assertThat(item.runs).isEmpty();
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).containsExactly(2 * TURN);
  }

  @Test
  void whatIsLongOverdue_isMetOnceTimeGoesOn() {
    Item item = once(TICK);
    set.add(item);
    time.standStill(Duration.ofNanos(7 * TURN + 3));
    time.pass(Duration.ofNanos(TICK));
    assertThat(item.runs).hasSize(1);
  }

  @Test
  void whatWasRemoved_isNotMet() {
    Item item = once(TICK);
    set.add(item);
    set.remove(item);
    time.pass(Duration.ofNanos(TURN));
    assertThat(item.runs).isEmpty();
    assertThat(set.size()).isZero();
  }

  @Test
  void whatStaysDue_isMetEveryFewMilliseconds() {
    Item item = new Item(1, 0);
    set.add(item);
    time.pass(Duration.ofSeconds(1));
    assertThat(item.runs).hasSizeBetween(99, 101);
  }

  @Test
  void manyAtMomentsOfTheirOwn_costWhatIsDueAndNotWhatThereIs() {
    int many = 10_000;
    Duration period = Duration.ofSeconds(10);
    for (int i = 1; i <= many; i++) {
      set.add(new Item(i * period.toNanos() / many, period.toNanos()));
    }
    time.pass(period);
    looks.set(0);
    time.pass(period);
    // A round every 10 ms that looked at all would be 10,000,000.
    assertThat(looks.get()).isBetween((long) many, 20L * many);
  }

  @Test
  void whateverIsFiledWhileARoundIsUnderWay_isMetByTheNext() throws Exception {
    TimingWheel<Filed> hammered = new RoundScheduler(time, new NoTimers()).newSet();
    AtomicLong clock = new AtomicLong(1);
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Random random = new Random(7420 + i);
        all.add(pool.submit(() -> new Filed(hammered, clock).fileAgainAndAgain(random)));
      }
      while (!all.stream().allMatch(Future::isDone)) {
        hammered.run(clock.addAndGet(Filed.STEP));
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

  /** Is due soon, is run, and is due soon again. */
  private static final class Filed implements TimedItem {
    private static final long STEP = TICK / 3;
    private static final int TIMES = 20_000;

    private final TimingWheel<Filed> set;
    private final AtomicLong clock;
    private volatile long due = ClientClock.NEVER;
    private volatile long ranAt;

    Filed(TimingWheel<Filed> set, AtomicLong clock) {
      this.set = set;
      this.clock = clock;
      set.add(this);
    }

    void fileAgainAndAgain(Random random) {
      for (int i = 0; i < TIMES; i++) {
        ranAt = 0;
        long wanted = clock.get() + random.nextLong(4 * TICK);
        due = wanted;
        set.touch(this);
        long filedBy = clock.get();
        while (ranAt == 0) {
          Thread.onSpinWait();
        }
        // A round may have been under way when it was filed.
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

  /** Nobody is woken: rounds are run by hand. */
  private static final class NoTimers implements ClientTimers {
    @Override
    public Timer schedule(long delayNanos, Runnable task) {
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
