package dev.fencepost.testkit.contract;

import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Standing;
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
 * Does the same random steps to the store and to a model of it, and compares what both say.
 *
 * <p>Nothing in it depends on time but the turn of one second: a lock whose turn could have run out
 * in the store is given up for a fresh one.
 */
final class DifferentialRun {

  private static final int REPLICAS = 3;
  private static final int LOCKS = 3;
  private static final long TURN_NANOS = LockRecord.TURN.toNanos();

  private final Scene scene;
  private final long seed;
  private final Random random;
  private final ModelServer model;
  private final List<Party> modelled = new ArrayList<>();
  private final List<Track> tracks = new ArrayList<>();
  private final Set<String> seenOutcomes = new TreeSet<>();
  private long modelMicros = ModelServer.wallClockMicros();
  private int comparedSteps;

  DifferentialRun(Scene scene, long seed) {
    this.scene = scene;
    this.seed = seed;
    this.random = new Random(seed);
    this.model = new ModelServer(() -> modelMicros, Runnable::run);
    for (int i = 0; i < REPLICAS; i++) {
      modelled.add(
          Party.open(model.newBackend(), scene.party(i).replica()).toCompletableFuture().join());
    }
    for (int i = 0; i < LOCKS; i++) {
      tracks.add(new Track(scene.newLock()));
    }
  }

  int comparedSteps() {
    return comparedSteps;
  }

  Set<String> seenOutcomes() {
    return seenOutcomes;
  }

  /** One random step on a random lock through a random replica. */
  void step() {
    int place = random.nextInt(LOCKS);
    Track track = tracks.get(place);
    int replica = random.nextInt(REPLICAS);
    Party store = scene.party(replica);
    Party reference = modelled.get(replica);
    RandomStep step = RandomStep.draw(random, track, isClosed(reference.describe(track.lock())));
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
    seenOutcomes.addAll(List.of(Sight.kinds(expected)));
    if (track.turnIsOlderThan(TURN_NANOS / 2)) {
      replace(place);
    }
  }

  private void compare(Track track, String what, String expected, String actual) {
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
    tracks.set(place, new Track(scene.newLock()));
  }

  private static boolean isClosed(LockState state) {
    return state.standing() instanceof Standing.Closed closed && closed.turn().isEmpty();
  }

  private static Optional<String> turn(LockState state) {
    return state.standing() instanceof Standing.Closed closed
        ? closed.turn().map(replica -> replica.value())
        : Optional.empty();
  }
}
