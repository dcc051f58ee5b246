package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Map;

/** Waits for a lock that another process holds, and reports the moment of the grant. */
final class AwaitGrantTask implements WorkerTask {
  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    stage.signals().send(WorkerSignal.READY);
    long before = System.nanoTime();
    TakenLock taken = stage.acquire(0);
    long granted = System.nanoTime();
    stage.enter(0, 0, taken);
    stage.leave(0, 0, taken);
    return WorkerOutcome.of(
        1, (granted - before) / 1e9, "", Map.of("grantedMicros", granted / 1e3));
  }
}
