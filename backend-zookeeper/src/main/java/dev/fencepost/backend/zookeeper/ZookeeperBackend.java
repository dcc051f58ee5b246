package dev.fencepost.backend.zookeeper;

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
 * A replica's way to an ensemble. No method blocks but {@link #close}; stages complete on the
 * client's own thread, so whoever blocks one holds up the calls of all. {@link #open} may be
 * repeated after it failed.
 */
final class ZookeeperBackend implements LockBackend {
  private final ZookeeperSettings settings;
  private final Random random;
  private @Nullable Session session;
  private boolean ready;
  private boolean closed;

  ZookeeperBackend(ZookeeperSettings settings, Random random) {
    this.settings = settings;
    this.random = random;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    Session opening;
    synchronized (this) {
      if (closed || session != null) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(closed ? "closed" : "open already"));
      }
      opening = new Session(settings, self, wake, random);
      session = opening;
    }
    return timed(opening.open())
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(unreachable(error)))
        .whenComplete(
            (info, error) -> {
              if (error == null) {
                opened(opening);
              } else {
                failed(opening);
              }
            });
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(session -> session.announce(self)).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return with(session -> session.tryAcquire(claim, line));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return with(session -> session.handOver(from, to, line));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(session -> session.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return with(session -> session.release(order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return with(session -> session.forceRelease(order));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(session -> session.leave(lock)).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(session -> session.reads().describe(names));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(session -> session.listing().list(query));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(session -> session.marks().advance(resource, token));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(session -> session.marks().reset(resource));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(Session::info);
  }

  @Override
  public void close() {
    Session open;
    synchronized (this) {
      closed = true;
      ready = false;
      open = session;
      session = null;
    }
    if (open != null) {
      open.close();
    }
  }

  /** For tests: the parts of it. */
  synchronized Session session() {
    Session open = session;
    if (open == null) {
      throw Trouble.unreachable();
    }
    return open;
  }

  /** Where nobody answers at all, there is no store rather than a slow one. */
  private static Throwable unreachable(Throwable error) {
    RuntimeException told = Trouble.told(error);
    boolean isTimeout =
        told instanceof StoreException known && known.failure() == Failure.STORE_TIMEOUT;
    return isTimeout ? Trouble.unreachable() : told;
  }

  private synchronized void opened(Session opening) {
    ready = session == opening;
  }

  private void failed(Session opening) {
    synchronized (this) {
      if (session == opening) {
        session = null;
      }
    }
    // Closing waits for the client's thread, on which this may be.
    Thread closer = new Thread(opening::close, "fencepost-zookeeper-close");
    closer.setDaemon(true);
    closer.start();
  }

  private <T> CompletableFuture<T> with(Function<Session, CompletableFuture<T>> call) {
    Session open;
    synchronized (this) {
      open = ready ? session : null;
    }
    return open == null
        ? CompletableFuture.failedFuture(Trouble.unreachable())
        : timed(call.apply(open));
  }

  /** The answer, or the reason why there is none, within the call timeout. */
  @SuppressWarnings("FutureReturnValueIgnored") // Both its ends are in what is returned.
  private <T> CompletableFuture<T> timed(CompletableFuture<T> answer) {
    CompletableFuture<T> told = new CompletableFuture<>();
    answer.whenComplete(
        (value, error) -> {
          if (error != null) {
            told.completeExceptionally(Trouble.told(error));
          } else {
            told.complete(value);
          }
        });
    return told.orTimeout(settings.callTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(Trouble.told(error)));
  }
}
