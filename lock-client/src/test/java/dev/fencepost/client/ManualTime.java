package dev.fencepost.client;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientTimers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Time that passes when a test says so; tasks run on the thread that lets it pass. */
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

  /** Lets time pass and runs what falls due on the way, in order. */
  public void pass(Duration time) {
    long end = nanos() + time.toNanos();
    for (Optional<Task> due = next(end); due.isPresent(); due = next(end)) {
      due.get().work().run();
    }
    synchronized (this) {
      now = end;
    }
  }

  /** Lets time pass in which nothing runs, as if the process stood still. */
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
