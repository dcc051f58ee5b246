package dev.fencepost.lock.spi.support;

import org.jetbrains.lincheck.Lincheck;

/**
 * Runs tasks on threads under Lincheck, which decides before each access to shared memory which
 * thread goes on. Each test explores {@value #PROPERTY} schedules, from those with few switches to
 * those with more; a failure shows the schedule.
 */
final class ExploredSchedules {
  static final String PROPERTY = "fencepost.schedules";
  private static final int SCHEDULES = Integer.getInteger(PROPERTY, 150);

  private ExploredSchedules() {}

  /** Repeats a test, which starts from new objects each time, with another schedule each. */
  static void explore(Runnable test) {
    Lincheck.runConcurrentTest(SCHEDULES, test);
  }

  /** Runs the tasks at the same time and waits for their ends. */
  static void together(Runnable... tasks) {
    // Loops: Lincheck does not notice a thread that is started through a method reference.
    Thread[] threads = new Thread[tasks.length];
    for (int i = 0; i < tasks.length; i++) {
      threads[i] = new Thread(tasks[i]);
      threads[i].start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Fails the schedule. Cheaper to explore than a library of assertions. */
  static void check(boolean holds, String claim) {
    if (!holds) {
      throw new AssertionError(claim);
    }
  }
}
