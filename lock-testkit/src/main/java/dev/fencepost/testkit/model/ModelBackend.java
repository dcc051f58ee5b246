package dev.fencepost.testkit.model;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
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
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One replica's backend on a {@link ModelServer}. Safe for use by many threads. Before {@link
 * #open} and after {@link #close} every stage completes with {@link StoreException}.
 */
public final class ModelBackend implements LockBackend {

  private final ModelServer server;
  private final AtomicLong highestSeen = new AtomicLong();
  private final AtomicReference<@Nullable ReplicaId> self = new AtomicReference<>();

  ModelBackend(ModelServer server) {
    this.server = server;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica replica, Consumer<LockName> wake) {
    self.set(replica.id());
    server.listen(replica.id(), wake);
    return call(
        (store, caller) -> {
          store.register(replica);
          return store.info();
        });
  }

  @Override
  public CompletionStage<Void> announce(Replica replica) {
    return this.<Boolean>call(
            (store, caller) -> {
              store.register(replica);
              return true;
            })
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return call((store, caller) -> seen(store.tryAcquire(caller, claim, line)));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return call(
        (store, caller) -> {
          HandOver both = store.handOver(caller, from, to, line);
          seen(both.got());
          return both;
        });
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return call((store, caller) -> store.renew(caller, grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return call((store, caller) -> store.release(caller, order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return call((store, caller) -> seen(store.forceRelease(caller, order)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return this.<Boolean>call((store, caller) -> store.leave(caller, lock)).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return call((store, caller) -> store.describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return call((store, caller) -> store.list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return call((store, caller) -> store.advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return call((store, caller) -> store.resetMark(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return call((store, caller) -> store.info());
  }

  @Override
  public void close() {
    ReplicaId gone = self.getAndSet(null);
    if (gone != null) {
      server.silence(gone);
      server.within(
          store -> {
            store.deregister(gone);
            return gone;
          });
    }
  }

  private <T> CompletionStage<T> call(BiFunction<ModelStore, ModelCaller, T> step) {
    ReplicaId replica = self.get();
    if (replica == null) {
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open"));
    }
    return server.call(store -> step.apply(store, new ModelCaller(replica, highestSeen.get() + 1)));
  }

  private Attempt seen(Attempt attempt) {
    if (attempt instanceof Attempt.Granted granted) {
      seen(granted.grant().token());
    }
    return attempt;
  }

  private Revocation seen(Revocation revocation) {
    if (revocation instanceof Revocation.Revoked revoked) {
      revoked.closing().ifPresent(this::seen);
    }
    return revocation;
  }

  private void seen(FencingToken token) {
    highestSeen.accumulateAndGet(token.value(), Math::max);
  }
}
