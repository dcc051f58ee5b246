package dev.fencepost.benchmarks.worker;

/** Takes a lock and keeps it until the process is killed. */
final class HoldTask implements WorkerTask {
  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    stage.enter(0, 0, stage.acquire(0));
    stage.signals().send(WorkerSignal.READY);
    throw new IllegalStateException("not killed");
  }
}
