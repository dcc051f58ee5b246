package dev.fencepost.server.support;

import dev.fencepost.core.TimerService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Time that a test controls. Tasks run on the thread that lets time pass. */
public final class ManualTimers implements TimerService {
  private static final long START_MICROS = 1_800_000_000_000_000L;
  private final List<Task> tasks = new ArrayList<>();
  private long now;

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  /** Returns the clock of a store at the same time, in µs since 1970. */
  public long clockMicros() {
    return START_MICROS + TimeUnit.NANOSECONDS.toMicros(nanoTime());
  }

  @Override
  public synchronized Timer schedule(Duration delay, Runnable work) {
    Task task = new Task(now + delay.toNanos(), work);
    tasks.add(task);
    return () -> forget(task);
  }

  /** Lets time pass and runs the tasks that are due on the way, in order. */
  public void pass(Duration time) {
    long end = nanoTime() + time.toNanos();
    for (Optional<Task> due = next(end); due.isPresent(); due = next(end)) {
      due.get().work.run();
    }
    synchronized (this) {
      now = end;
    }
  }

  /** Returns the number of tasks that are neither due nor cancelled. */
  public synchronized int scheduled() {
    return tasks.size();
  }

  private synchronized void forget(Task task) {
    tasks.remove(task);
  }

  private synchronized Optional<Task> next(long end) {
    Optional<Task> due =
        tasks.stream()
            .filter(task -> task.atNanos - end <= 0)
            .min(Comparator.comparingLong(task -> task.atNanos));
    due.ifPresent(
        task -> {
          tasks.remove(task);
          now = Math.max(now, task.atNanos);
        });
    return due;
  }

  private static final class Task {
    private final long atNanos;
    private final Runnable work;

    Task(long atNanos, Runnable work) {
      this.atNanos = atNanos;
      this.work = work;
    }
  }
}
