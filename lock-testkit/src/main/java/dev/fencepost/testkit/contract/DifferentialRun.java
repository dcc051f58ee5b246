package dev.fencepost.testkit.contract;

import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.testkit.model.ModelServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Applies the same random operations to the store and to a model of it, and compares their answers.
 *
 * <p>It depends on time only for the turn of one second: a lock whose turn may have ended in the
 * store is replaced by a new one.
 */
final class DifferentialRun {

  private static final int REPLICAS = 3;
  private static final int LOCKS = 3;
  private static final long TURN_NANOS = LockRecord.TURN.toNanos();

  private final ContractFixture scene;
  private final long seed;
  private final Random random;
  private final ModelServer model;
  private final List<ContractReplica> modelled = new ArrayList<>();
  private final List<ClaimHistory> tracks = new ArrayList<>();
  private final Set<String> seenOutcomes = new TreeSet<>();
  private long modelMicros = ModelServer.wallClockMicros();
  private int comparedSteps;

  DifferentialRun(ContractFixture scene, long seed) {
    this.scene = scene;
    this.seed = seed;
    this.random = new Random(seed);
    this.model = new ModelServer(() -> modelMicros, Runnable::run);
    for (int i = 0; i < REPLICAS; i++) {
      modelled.add(
          ContractReplica.open(model.newBackend(), scene.party(i).replica())
              .toCompletableFuture()
              .join());
    }
    for (int i = 0; i < LOCKS; i++) {
      tracks.add(new ClaimHistory(scene.newLock()));
    }
  }

  int comparedSteps() {
    return comparedSteps;
  }

  Set<String> seenOutcomes() {
    return seenOutcomes;
  }

  /** Applies one random operation to a random lock through a random replica. */
  void step() {
    int place = random.nextInt(LOCKS);
    ClaimHistory track = tracks.get(place);
    int replica = random.nextInt(REPLICAS);
    ContractReplica store = scene.party(replica);
    ContractReplica reference = modelled.get(replica);
    RandomOperation step =
        RandomOperation.draw(random, track, isClosed(reference.describe(track.lock())));
    modelMicros++;
    long sentNanos = System.nanoTime();
    String expected = step.apply(reference, track.reference());
    LockState expectedState = reference.describe(track.lock());
    String actual = step.apply(store, track.store());
    LockState actualState = store.describe(track.lock());
    boolean hadOldTurn = track.turnIsOlderThan(TURN_NANOS * 9 / 10);
    track.noteTurn(turn(expectedState), sentNanos);
    if (hadOldTurn || track.turnIsOlderThan(TURN_NANOS * 9 / 10)) {
      replace(place);
      return;
    }
    compare(track, replica + " " + step, expected, actual);
    compare(
        track,
        "state after " + step,
        track.reference().show(expectedState),
        track.store().show(actualState));
    comparedSteps++;
    seenOutcomes.addAll(List.of(AnswerView.kinds(expected)));
    if (track.turnIsOlderThan(TURN_NANOS / 2)) {
      replace(place);
    }
  }

  private void compare(ClaimHistory track, String what, String expected, String actual) {
    track.log(what + " -> " + actual);
    if (!expected.equals(actual)) {
      throw new AssertionError(
          String.format(
              Locale.ROOT,
              "seed %d, compared step %d: %s%n  expected %s%n  but was  %s%non this lock:%n%s",
              seed,
              comparedSteps,
              what,
              expected,
              actual,
              track.history()));
    }
  }

  private void replace(int place) {
    tracks.set(place, new ClaimHistory(scene.newLock()));
  }

  private static boolean isClosed(LockState state) {
    return state.status() instanceof LockStatus.Closed closed && closed.turn().isEmpty();
  }

  private static Optional<String> turn(LockState state) {
    return state.status() instanceof LockStatus.Closed closed
        ? closed.turn().map(replica -> replica.value())
        : Optional.empty();
  }
}
