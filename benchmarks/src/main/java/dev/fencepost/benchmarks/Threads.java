package dev.fencepost.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Callers that are threads. */
final class Threads {
  private static final int NAMES_EACH = 16;

  private Threads() {}

  /** What a caller does again and again. */
  @FunctionalInterface
  interface Pair {
    void run(String lock) throws Exception;
  }

  /** Has each caller repeat it, on names of its own, for that time; counts. */
  static long pairs(int callers, Duration time, Pair pair) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    long end = System.nanoTime() + time.toNanos();
    List<Callable<Long>> work = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) {
      int number = caller;
      work.add(
          () -> {
            long pairs = 0;
            while (System.nanoTime() < end) {
              pair.run(name(number, pairs));
              pairs++;
            }
            return pairs;
          });
    }
    long sum = 0;
    for (Future<Long> done : threads.invokeAll(work)) {
      sum += done.get();
    }
    threads.shutdown();
    return sum;
  }

  /** The name of a caller's lock in its n-th turn. */
  static String name(int caller, long turn) {
    return "caller-" + caller + "/" + turn % NAMES_EACH;
  }
}
