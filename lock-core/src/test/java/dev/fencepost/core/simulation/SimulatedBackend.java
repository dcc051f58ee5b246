package dev.fencepost.core.simulation;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.testkit.model.ModelCaller;
import dev.fencepost.testkit.model.ModelStore;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One replica's connection to the simulated store. It reports to the checker what the coordinator
 * sends.
 */
final class SimulatedBackend implements LockBackend {
  private final SimulatedStore store;
  private final ReplicaId self;
  private boolean dead;
  private long movesAgainNanos;

  SimulatedBackend(SimulatedStore store, ReplicaId self) {
    this.store = store;
    this.self = self;
  }

  /** Crashes the replica: no message reaches it any more. */
  void kill() {
    dead = true;
    store.silence(self);
  }

  /** Pauses the replica: its incoming and outgoing messages wait. */
  void pause(Duration time) {
    movesAgainNanos = store.time.nanoTime() + time.toNanos();
  }

  Duration standsStillFor() {
    return Duration.ofNanos(Math.max(0, movesAgainNanos - store.time.nanoTime()));
  }

  void deliver(Runnable answer) {
    if (!standsStillFor().isZero()) {
      store.time.schedule(standsStillFor(), () -> deliver(answer));
    } else if (!dead) {
      answer.run();
    }
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica replica, Consumer<LockName> wake) {
    store.listen(self, lock -> deliver(() -> wake.accept(lock)));
    return call(model -> model.info());
  }

  @Override
  public CompletionStage<Void> announce(Replica replica) {
    return call(model -> replica).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return judged(claim.id(), () -> call(model -> model.tryAcquire(caller(), claim, intent)));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    releaseSent(from.claim());
    return judged(to.id(), () -> call(model -> model.handOver(caller(), from, to, intent)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return call(model -> model.renew(caller(), grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    releaseSent(order.claim());
    return call(model -> model.release(caller(), order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return call(model -> model.forceRelease(caller(), order));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return call(model -> model.leave(caller(), lock)).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return call(model -> model.describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return call(model -> model.list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return call(model -> model.advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return call(model -> model.resetMark(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return call(model -> model.info());
  }

  @Override
  public void close() {
    kill();
  }

  private ModelCaller caller() {
    return ModelCaller.of(self);
  }

  private void releaseSent(ClaimId claim) {
    if (!dead) {
      store.checker.releaseSent(claim);
    }
  }

  private <T> CompletionStage<T> judged(ClaimId claim, Supplier<CompletionStage<T>> command) {
    if (dead) {
      return new CompletableFuture<>();
    }
    store.checker.commandSent(self, claim);
    return command.get().whenComplete((done, error) -> store.checker.commandAnswered(self, claim));
  }

  private <T> CompletionStage<T> call(Function<ModelStore, T> command) {
    return dead ? new CompletableFuture<>() : store.call(this, command);
  }
}
