package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;

/** Takes a lock and keeps it until the process is killed. */
final class Hold implements Task {
  @Override
  public Outcome run(Stage stage) throws Exception {
    Held held = stage.contender().acquire(stage.order().name(0));
    stage.referee().enter(0, stage.order().who(0), held.token());
    stage.signals().tell(Signal.READY);
    throw new IllegalStateException("not killed");
  }
}
