package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.RedisStoreUri;
import dev.fencepost.backend.redis.lock.LockLister;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The backend for Redis. Only {@link #close} blocks. Stages complete on the client library's
 * network threads, so a callback that blocks delays all other calls. {@link #open} may be repeated
 * after it failed.
 */
final class RedisBackend implements LockBackend {
  private final RedisStoreUri uri;
  private final RedisSettings settings;
  private volatile @Nullable RedisStore store;
  private boolean closed;

  RedisBackend(RedisStoreUri uri, RedisSettings settings) {
    this.uri = uri;
    this.settings = settings;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    CompletableFuture<StoreInfo> opened = new CompletableFuture<>();
    Thread opener =
        new Thread(
            () -> {
              try {
                opened.complete(openNow(self, wake));
              } catch (RuntimeException | Error e) {
                opened.completeExceptionally(e);
              }
            },
            "fencepost-redis-open");
    opener.setDaemon(true);
    opener.start();
    return opened;
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(open -> open.housekeeping().announce(self)).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return with(open -> open.writer().acquire(claim, intent));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return with(open -> open.writer().handOver(from, to, intent));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(open -> open.renewals().renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return with(open -> open.writer().release(command));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return with(open -> open.writer().forceRelease(command));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(open -> open.writer().leave(lock));
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(open -> open.reader().describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(open -> LockLister.read(open.runner(), open.reader(), query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(open -> open.marks().advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(open -> open.marks().reset(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(open -> open.registry().info());
  }

  @Override
  public void close() {
    RedisStore open;
    synchronized (this) {
      closed = true;
      open = store;
      store = null;
    }
    if (open != null) {
      open.close();
    }
  }

  private StoreInfo openNow(Replica self, Consumer<LockName> wake) {
    synchronized (this) {
      if (closed || store != null) {
        throw new IllegalStateException(closed ? "closed" : "open already");
      }
    }
    RedisStore.Opened opened = RedisStore.open(uri, settings, self, wake);
    synchronized (this) {
      if (!closed && store == null) {
        store = opened.store();
        return opened.info();
      }
    }
    opened.store().close();
    throw notOpen();
  }

  private <T> CompletionStage<T> with(Function<RedisStore, CompletionStage<T>> call) {
    RedisStore open = store;
    return open == null ? CompletableFuture.failedFuture(notOpen()) : call.apply(open);
  }

  private static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
