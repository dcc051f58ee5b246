package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many claims wait for one lock without a thread each; the server's heap is looked at meanwhile.
 * Then the lock goes from one to the next, each giving it back where its grant comes in.
 */
final class ManyWaiters implements Task {
  private static final int LOCK = 0;
  private static final long PATIENCE_MINUTES = 10;

  @Override
  public Outcome run(Stage stage) throws Exception {
    int waiters = stage.load().locks();
    int measured = Math.min(waiters, stage.load().threads());
    Held holder = stage.contender().acquire(stage.order().name(LOCK));
    stage.signals().tell(Signal.READY);
    AtomicInteger passed = new AtomicInteger();
    CompletableFuture<Long> enough = new CompletableFuture<>();
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < waiters; i++) {
      int number = i;
      all.add(
          stage
              .contender()
              .acquireLater(stage.order().name(LOCK))
              .thenAccept(held -> pass(stage, number, held, passed, measured, enough))
              .toCompletableFuture());
    }
    stage.signals().tell(Signal.MEASURING);
    long before = System.nanoTime();
    holder.release();
    long after = enough.get(PATIENCE_MINUTES, TimeUnit.MINUTES);
    stage.signals().tell(Signal.MEASURED);
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .get(PATIENCE_MINUTES, TimeUnit.MINUTES);
    return Outcome.of(
        measured,
        (after - before) / 1e9,
        "",
        Map.of("microsPerHandOver", (after - before) / 1e3 / measured));
  }

  private static void pass(
      Stage stage,
      int number,
      Held held,
      AtomicInteger passed,
      int measured,
      CompletableFuture<Long> enough) {
    long who = stage.order().who(number);
    stage.referee().enter(LOCK, who, held.token());
    stage.referee().leave(LOCK, who);
    try {
      held.release();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    if (passed.incrementAndGet() == measured) {
      enough.complete(System.nanoTime());
    }
  }
}
