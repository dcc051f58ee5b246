package dev.fencepost.core.simulation;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** A replica that may crash. Its callers notice. */
final class SimulatedReplica {
  final ReplicaId id;
  final LockCoordinator coordinator;
  private final SimulatedBackend backend;
  private final List<Asked<?>> asked = new ArrayList<>();

  SimulatedReplica(
      Simulation simulation, CoordinatorSettings settings, UnaryOperator<LockBackend> mutation) {
    VirtualTime time = simulation.time;
    this.id = ReplicaId.of(time.random.nextLong());
    this.backend = new SimulatedBackend(simulation.store, id);
    this.coordinator =
        new LockCoordinator(
            mutation.apply(backend),
            new Replica(id, "simulated:1", Replica.Phase.SERVING),
            settings,
            time,
            time.random);
    open();
  }

  /** Waits for an answer of this replica; a crash is an answer, too. */
  <T> void ask(CompletionStage<T> stage, BiConsumer<T, Throwable> then) {
    Asked<T> question = new Asked<>(then);
    asked.removeIf(old -> old.done);
    asked.add(question);
    stage.whenComplete(question::answered);
  }

  /** Pauses the replica with all messages to it and from it. */
  void pause(Duration time) {
    backend.pause(time);
  }

  /** Crashes the replica: none of its calls is answered any more. */
  void crash() {
    backend.kill();
    List.copyOf(asked).forEach(question -> question.answered(null, new CrashException()));
    asked.clear();
  }

  private void open() {
    coordinator
        .open()
        .whenComplete(
            (info, error) -> {
              if (error != null) {
                open();
              }
            });
  }

  private static final class CrashException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static final class Asked<T> {
    private final BiConsumer<T, Throwable> then;
    private boolean done;

    Asked(BiConsumer<T, Throwable> then) {
      this.then = then;
    }

    void answered(T answer, Throwable error) {
      if (!done) {
        done = true;
        then.accept(answer, error);
      }
    }
  }
}
