package dev.fencepost.benchmarks.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Threads that begin together. */
final class Crew {
  private Crew() {}

  /** What one of them does. */
  @FunctionalInterface
  interface Work<T> {
    T run(int thread) throws Exception;
  }

  /** Starts them all at once, runs {@code onStart} at that moment, and waits for all. */
  static <T> List<T> run(int threads, Runnable onStart, Work<T> work) throws Exception {
    CyclicBarrier start = new CyclicBarrier(threads, onStart);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<T>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        all.add(pool.submit(() -> begin(start, work, thread)));
      }
      return results(all);
    } finally {
      pool.shutdownNow();
    }
  }

  private static <T> T begin(CyclicBarrier start, Work<T> work, int thread) throws Exception {
    try {
      start.await(1, TimeUnit.MINUTES);
    } catch (BrokenBarrierException e) {
      throw new IllegalStateException("the threads did not start together", e);
    }
    return work.run(thread);
  }

  private static <T> List<T> results(List<Future<T>> all) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> one : all) {
      try {
        results.add(one.get());
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Exception cause) {
          throw cause;
        }
        throw e;
      }
    }
    return results;
  }
}
