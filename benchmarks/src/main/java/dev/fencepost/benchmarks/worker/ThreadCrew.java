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

/** Threads that start together. */
final class ThreadCrew {
  private ThreadCrew() {}

  /** The work of one thread. */
  @FunctionalInterface
  interface Work<T> {
    T run(int thread) throws Exception;
  }

  /** Starts all threads at once, runs {@code onStart} at that moment, and waits for all. */
  static <T> List<T> run(int threads, Runnable onStart, Work<T> work) throws Exception {
    CyclicBarrier start = new CyclicBarrier(threads, onStart);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<T>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        running.add(pool.submit(() -> begin(start, work, thread)));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> one : running) {
        results.add(one.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
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
}
