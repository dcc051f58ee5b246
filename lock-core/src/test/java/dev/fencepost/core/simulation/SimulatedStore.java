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

/** The store of a simulation, reached over a network with faults. */
final class SimulatedStore {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);

  private static final long SLOW_MILLIS = 900;

  final ModelStore model;
  final InvariantChecker checker;
  final VirtualTime time;
  private final Map<ReplicaId, Consumer<LockName>> listeners = new HashMap<>();
  private FaultProfile faults;
  private boolean away;

  SimulatedStore(VirtualTime time, FaultProfile faults, InvariantChecker checker) {
    this.time = time;
    this.faults = faults;
    this.checker = checker;
    this.model = new ModelStore(time::clockMicros, "simulated", this::wake);
  }

  void heal() {
    faults = FaultProfile.CALM;
    away = false;
  }

  void leaveFor(Duration time) {
    away = true;
    this.time.schedule(time, () -> away = false);
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
    Duration there = from.standsStillFor().plus(time.upToMillis(faults.delayMillis()));
    if (time.chance(faults.lostRequest())) {
      failLater(from, answer);
    } else if (time.chance(faults.late())) {
      failLater(from, answer);
      time.schedule(CALL_TIMEOUT.plus(time.upToMillis(5_000)), () -> execute(command));
    } else {
      time.schedule(there, () -> arrived(from, command, answer));
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
    if (time.chance(faults.lostReply())) {
      failLater(from, answer);
    } else {
      boolean slow = time.chance(faults.slowReply());
      time.schedule(
          time.upToMillis(slow ? SLOW_MILLIS : faults.delayMillis()),
          () -> from.deliver(() -> answer.complete(outcome)));
    }
  }

  private <T> T execute(Function<ModelStore, T> command) {
    T outcome = command.apply(model);
    checker.executed(outcome);
    return outcome;
  }

  private <T> void failLater(SimulatedBackend from, CompletableFuture<T> answer) {
    StoreException why = new StoreException(Failure.STORE_TIMEOUT, "simulated");
    time.schedule(CALL_TIMEOUT, () -> from.deliver(() -> answer.completeExceptionally(why)));
  }

  private void wake(ReplicaId replica, LockName lock) {
    Consumer<LockName> listener = listeners.get(replica);
    if (listener != null && !time.chance(faults.lostWake())) {
      time.schedule(time.upToMillis(faults.delayMillis()), () -> listener.accept(lock));
    }
  }
}
