package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.Map;

/** Waits for a lock that somebody else keeps; says when it was granted. */
final class AwaitGrant implements Task {
  @Override
  public Outcome run(Stage stage) throws Exception {
    stage.signals().tell(Signal.READY);
    long before = System.nanoTime();
    Held held = stage.contender().acquire(stage.order().name(0));
    long granted = System.nanoTime();
    long who = stage.order().who(0);
    stage.referee().enter(0, who, held.token());
    stage.referee().leave(0, who);
    held.release();
    return Outcome.of(1, (granted - before) / 1e9, "", Map.of("grantedMicros", granted / 1e3));
  }
}
