package dev.fencepost.core.simulation;

import dev.fencepost.core.LockChange;
import dev.fencepost.core.LockSubscription;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Watches all locks through one replica (rule 23), and moves to another if it crashes. */
final class WatchChecker {
  private static final Duration LAZY = Duration.ofMillis(50);

  private final Simulation simulation;
  private final List<LockName> locks;
  private final Map<LockName, LockState> seen = new HashMap<>();
  private SimulatedReplica replica;
  private LockSubscription watch;

  WatchChecker(Simulation simulation, List<LockName> locks) {
    this.simulation = simulation;
    this.locks = locks;
    follow(simulation.anyReplica());
  }

  /** Checks that the last states are the store's. */
  void check() {
    for (LockState truth : simulation.store.model.describe(locks)) {
      Optional<FencingToken> shown =
          Optional.ofNullable(seen.get(truth.lock())).flatMap(LockState::lastToken);
      boolean free = seen.containsKey(truth.lock()) && seen.get(truth.lock()).holder().isEmpty();
      simulation.checker.check(
          shown.equals(truth.lastToken()) && free,
          "rule 23: shown %s, true %s",
          seen.get(truth.lock()),
          truth);
    }
  }

  private void follow(SimulatedReplica followed) {
    replica = followed;
    watch =
        followed.coordinator.watch(
            locks, () -> simulation.time.schedule(simulation.time.upToMillis(20), this::take));
    simulation.time.schedule(LAZY, this::followTheLiving);
  }

  private void followTheLiving() {
    if (simulation.lives(replica)) {
      simulation.time.schedule(LAZY, this::followTheLiving);
    } else {
      seen.clear();
      follow(simulation.anyReplica());
    }
  }

  private void take() {
    for (LockChange change : watch.take()) {
      LockState before = seen.put(change.state().lock(), change.state());
      long last = before == null ? 0 : token(before);
      simulation.checker.check(
          token(change.state()) >= last, "rule 23: %s after %s", change.state(), before);
    }
  }

  private static long token(LockState state) {
    return state.lastToken().map(FencingToken::value).orElse(0L);
  }
}
