package dev.fencepost.core.simulation;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.model.ModelStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;

/** The one store of a simulation, reached over a network with weather. */
final class SimulatedStore {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);

  private static final long SLOW_MILLIS = 900;

  final ModelStore model;
  final InvariantChecker judge;
  final VirtualTime world;
  private final Map<ReplicaId, Consumer<LockName>> listeners = new HashMap<>();
  private FaultProfile weather;
  private boolean away;

  SimulatedStore(VirtualTime world, FaultProfile weather, InvariantChecker judge) {
    this.world = world;
    this.weather = weather;
    this.judge = judge;
    this.model = new ModelStore(world::clockMicros, "simulated", this::wake);
  }

  void heal() {
    weather = FaultProfile.CALM;
    away = false;
  }

  void leaveFor(Duration time) {
    away = true;
    world.schedule(time, () -> away = false);
  }

  void listen(ReplicaId replica, Consumer<LockName> wake) {
    listeners.put(replica, wake);
  }

  void silence(ReplicaId replica) {
    listeners.remove(replica);
  }

  /** Sends a command; its stage completes within the call timeout, if the replica still lives. */
  <T> CompletionStage<T> call(SimulatedBackend from, Function<ModelStore, T> command) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Duration there = from.standsStillFor().plus(world.upToMillis(weather.delayMillis()));
    if (world.chance(weather.lostRequest())) {
      failLater(from, answer);
    } else if (world.chance(weather.late())) {
      failLater(from, answer);
      world.schedule(CALL_TIMEOUT.plus(world.upToMillis(5_000)), () -> execute(command));
    } else {
      world.schedule(there, () -> arrived(from, command, answer));
    }
    return answer;
  }

  private <T> void arrived(
      SimulatedBackend from, Function<ModelStore, T> command, CompletableFuture<T> answer) {
    if (away) {
      failLater(from, answer);
      return;
    }
    T outcome = execute(command);
    if (world.chance(weather.lostReply())) {
      failLater(from, answer);
    } else {
      boolean slow = world.chance(weather.slowReply());
      world.schedule(
          world.upToMillis(slow ? SLOW_MILLIS : weather.delayMillis()),
          () -> from.deliver(() -> answer.complete(outcome)));
    }
  }

  private <T> T execute(Function<ModelStore, T> command) {
    T outcome = command.apply(model);
    judge.executed(outcome);
    return outcome;
  }

  private <T> void failLater(SimulatedBackend from, CompletableFuture<T> answer) {
    StoreException why = new StoreException(Failure.STORE_TIMEOUT, "simulated");
    world.schedule(CALL_TIMEOUT, () -> from.deliver(() -> answer.completeExceptionally(why)));
  }

  private void wake(ReplicaId replica, LockName lock) {
    Consumer<LockName> listener = listeners.get(replica);
    if (listener != null && !world.chance(weather.lostWake())) {
      world.schedule(world.upToMillis(weather.delayMillis()), () -> listener.accept(lock));
    }
  }
}
