package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
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
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One replica's backend on an ensemble. No method blocks except {@link #close}. Stages complete on
 * the client's own thread, so a callback that blocks delays all calls. {@link #open} may be
 * repeated after a failure.
 */
final class ZookeeperBackend implements LockBackend {
  private final ZookeeperSettings settings;
  private final Random random;
  private @Nullable ZookeeperStore store;
  private boolean ready;
  private boolean closed;

  ZookeeperBackend(ZookeeperSettings settings, Random random) {
    this.settings = settings;
    this.random = random;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    ZookeeperStore opening;
    synchronized (this) {
      if (closed || store != null) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(closed ? "closed" : "open already"));
      }
      opening = new ZookeeperStore(settings, self, wake, random);
      store = opening;
    }
    return withCallTimeout(opening.open())
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(unreachable(error)))
        .whenComplete(
            (info, error) -> {
              if (error == null) {
                onOpened(opening);
              } else {
                onOpenFailed(opening);
              }
            });
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(store -> store.announce(self)).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return with(store -> store.tryAcquire(claim, intent));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return with(store -> store.handOver(from, to, intent));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(store -> store.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return with(store -> store.release(command));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return with(store -> store.forceRelease(command));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(store -> store.leave(lock)).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(store -> store.reader().describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(store -> store.lister().list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(store -> store.marks().advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(store -> store.marks().reset(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(ZookeeperStore::info);
  }

  @Override
  public void close() {
    ZookeeperStore open;
    synchronized (this) {
      closed = true;
      ready = false;
      open = store;
      store = null;
    }
    if (open != null) {
      open.close();
    }
  }

  /** Returns the open store. For tests. */
  synchronized ZookeeperStore store() {
    ZookeeperStore open = store;
    if (open == null) {
      throw ZookeeperErrors.unreachable();
    }
    return open;
  }

  /**
   * Turns a timeout while opening into "unreachable": a store that never answers is not a slow one.
   */
  private static Throwable unreachable(Throwable error) {
    RuntimeException failure = ZookeeperErrors.toException(error);
    boolean isTimeout =
        failure instanceof StoreException known && known.failure() == Failure.STORE_TIMEOUT;
    return isTimeout ? ZookeeperErrors.unreachable() : failure;
  }

  private synchronized void onOpened(ZookeeperStore opening) {
    ready = store == opening;
  }

  private void onOpenFailed(ZookeeperStore opening) {
    synchronized (this) {
      if (store == opening) {
        store = null;
      }
    }
    // Closing waits for the client's thread, which may be the current thread.
    Thread closer = new Thread(opening::close, "fencepost-zookeeper-close");
    closer.setDaemon(true);
    closer.start();
  }

  private <T> CompletableFuture<T> with(Function<ZookeeperStore, CompletableFuture<T>> call) {
    ZookeeperStore open;
    synchronized (this) {
      open = ready ? store : null;
    }
    return open == null
        ? CompletableFuture.failedFuture(ZookeeperErrors.unreachable())
        : withCallTimeout(call.apply(open));
  }

  /** Completes with the answer, or fails within the call timeout. */
  @SuppressWarnings("FutureReturnValueIgnored") // The returned stage carries both outcomes.
  private <T> CompletableFuture<T> withCallTimeout(CompletableFuture<T> answer) {
    CompletableFuture<T> result = new CompletableFuture<>();
    answer.whenComplete(
        (value, error) -> {
          if (error != null) {
            result.completeExceptionally(ZookeeperErrors.toException(error));
          } else {
            result.complete(value);
          }
        });
    return result
        .orTimeout(settings.callTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .exceptionallyCompose(
            error -> CompletableFuture.failedFuture(ZookeeperErrors.toException(error)));
  }
}
