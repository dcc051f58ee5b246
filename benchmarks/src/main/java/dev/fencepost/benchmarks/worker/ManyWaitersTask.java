package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many claims wait for one lock without a thread each, while the driver measures the server's heap.
 * Then the lock passes from claim to claim. Each releases it in the callback of its grant.
 */
final class ManyWaitersTask implements WorkerTask {
  private static final int LOCK = 0;
  private static final long TIMEOUT_MINUTES = 10;

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    int waiters = stage.load().locks();
    int measured = Math.min(waiters, stage.load().threads());
    TakenLock first = stage.acquire(LOCK);
    stage.signals().send(WorkerSignal.READY);
    AtomicInteger passed = new AtomicInteger();
    CompletableFuture<Long> measuredNanos = new CompletableFuture<>();
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < waiters; i++) {
      int number = i;
      all.add(
          stage
              .contender()
              .acquireLater(stage.order().lockName(LOCK))
              .thenAccept(
                  taken -> {
                    passOn(stage, number, taken);
                    if (passed.incrementAndGet() == measured) {
                      measuredNanos.complete(System.nanoTime());
                    }
                  })
              .toCompletableFuture());
    }
    stage.signals().send(WorkerSignal.MEASURING);
    long before = System.nanoTime();
    first.release();
    long nanos = measuredNanos.get(TIMEOUT_MINUTES, TimeUnit.MINUTES) - before;
    stage.signals().send(WorkerSignal.MEASURED);
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .get(TIMEOUT_MINUTES, TimeUnit.MINUTES);
    return WorkerOutcome.of(
        measured, nanos / 1e9, "", Map.of("microsPerHandOver", nanos / 1e3 / measured));
  }

  private static void passOn(Stage stage, int number, TakenLock taken) {
    stage.enter(LOCK, number, taken);
    try {
      stage.leave(LOCK, number, taken);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
