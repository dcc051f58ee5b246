package dev.fencepost.testkit.contract;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/** Runs work on several threads at the same time. */
final class ConcurrentWorkers {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private ConcurrentWorkers() {}

  /** Starts that many workers at once and waits for all. Throws the first failure. */
  static void run(int workers, IntConsumer work) {
    Executor threads = task -> daemon(task).start();
    CountDownLatch start = new CountDownLatch(workers);
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      int worker = i;
      all.add(
          CompletableFuture.supplyAsync(
              () -> {
                meet(start);
                work.accept(worker);
                return true;
              },
              threads));
    }
    all.forEach(CompletableFuture::join);
  }

  /** Repeats a step until it returns true, within a bound. */
  static void repeat(BooleanSupplier step) {
    long begun = System.nanoTime();
    while (!step.getAsBoolean()) {
      if (ContractReplica.since(begun).compareTo(PATIENCE) > 0) {
        throw new AssertionError("not done within " + PATIENCE);
      }
    }
  }

  private static void meet(CountDownLatch start) {
    start.countDown();
    try {
      start.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "contract worker");
    thread.setDaemon(true);
    return thread;
  }
}
