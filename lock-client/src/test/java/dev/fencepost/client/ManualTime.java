package dev.fencepost.client;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientTimers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A clock and timers that a test moves. Tasks run on the thread that moves time. */
public final class ManualTime implements ClientClock, ClientTimers {
  private final List<Task> tasks = new ArrayList<>();
  private long now = 1;

  private record Task(long atNanos, Runnable work) {}

  @Override
  public synchronized long nanos() {
    return now;
  }

  @Override
  public synchronized Timer schedule(long delayNanos, Runnable work) {
    Task task = new Task(now + delayNanos, work);
    tasks.add(task);
    return () -> forget(task);
  }

  /** Moves time forward and runs the tasks that fall due, in order. */
  public void pass(Duration time) {
    long end = nanos() + time.toNanos();
    for (Optional<Task> due = next(end); due.isPresent(); due = next(end)) {
      due.get().work().run();
    }
    synchronized (this) {
      now = end;
    }
  }

  /** Moves time forward without running tasks, as if the process stood still. */
  public synchronized void standStill(Duration time) {
    now += time.toNanos();
  }

  @Override
  public synchronized void close() {
    tasks.clear();
  }

  private synchronized void forget(Task task) {
    tasks.remove(task);
  }

  private synchronized Optional<Task> next(long end) {
    Optional<Task> due =
        tasks.stream()
            .filter(task -> task.atNanos <= end)
            .min(Comparator.comparingLong(Task::atNanos));
    due.ifPresent(
        task -> {
          tasks.remove(task);
          now = Math.max(now, task.atNanos);
        });
    return due;
  }
}
