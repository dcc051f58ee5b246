package dev.fencepost.lock.spi.support;

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
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.StoreOpener.OpenedStore;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The life of a backend: not open, opening, open, closed. One attempt to open runs at a time, and
 * it may be repeated after a failure. Closing fails an attempt at once; if its store opens all the
 * same, the store is closed again, on a thread of its own. Calls pass to the store only while it is
 * open. Safe for use by many threads.
 *
 * @param <S> the open store
 */
public final class OpenOnce<S extends LockStore> implements LockBackend {
  private final StoreOpener<S> opener;
  private volatile @Nullable S store;
  private @Nullable CompletableFuture<StoreInfo> opening;
  private boolean closed;

  /** Makes a backend that is not open yet. */
  public OpenOnce(StoreOpener<S> opener) {
    this.opener = opener;
  }

  /** {@inheritDoc} Fails with {@link IllegalStateException} if it is open, opening or closed. */
  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    CompletableFuture<StoreInfo> answer = new CompletableFuture<>();
    synchronized (this) {
      if (closed || opening != null || store != null) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(closed ? "closed" : "open already"));
      }
      opening = answer;
    }
    AsyncCalls.start(() -> opener.open(self, wake))
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                endOpening(Optional.empty());
                answer.completeExceptionally(AsyncCalls.cause(error));
              } else if (endOpening(Optional.of(opened.store()))) {
                answer.complete(opened.info());
              } else {
                closeOnThread(opened);
              }
            });
    if (isOpeningClosed()) {
      opener.abandon(); // it may have begun after the call in close()
    }
    return answer;
  }

  /** Returns the store while it is open. */
  public Optional<S> store() {
    return Optional.ofNullable(store);
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(open -> open.announce(self));
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return with(open -> open.tryAcquire(claim, intent));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return with(open -> open.handOver(from, to, intent));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(open -> open.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return with(open -> open.release(order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return with(open -> open.forceRelease(order));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(open -> open.leave(lock));
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(open -> open.describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(open -> open.list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(open -> open.advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(open -> open.resetMark(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(LockStore::info);
  }

  /** {@inheritDoc} Does not wait for an attempt to open. */
  @Override
  public void close() {
    S open;
    CompletableFuture<StoreInfo> attempt;
    synchronized (this) {
      closed = true;
      open = store;
      store = null;
      attempt = opening;
    }
    if (attempt != null) {
      opener.abandon();
      attempt.completeExceptionally(CallFailures.closed());
    }
    if (open != null) {
      open.close();
    }
  }

  private synchronized boolean isOpeningClosed() {
    return closed && opening != null;
  }

  /** Ends an attempt to open; false if its store must not be used. */
  private synchronized boolean endOpening(Optional<S> opened) {
    opening = null;
    if (closed || opened.isEmpty()) {
      return false;
    }
    store = opened.orElseThrow();
    return true;
  }

  /** Closing may wait for the very thread that completed the opening. */
  private static void closeOnThread(OpenedStore<?> opened) {
    Thread thread = new Thread(opened.store()::close, "fencepost-late-close");
    thread.setDaemon(true);
    thread.start();
  }

  private <T> CompletionStage<T> with(Function<S, CompletionStage<T>> call) {
    S open = store;
    if (open == null) {
      return CompletableFuture.failedFuture(CallFailures.notOpen());
    }
    try {
      return call.apply(open);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
