package dev.fencepost.backend.etcd;

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
 * A replica's way to etcd. No method blocks but {@link #close}; stages complete on the connection's
 * thread, so whoever blocks one stops all calls. {@link #open} may be repeated after it failed.
 */
final class EtcdBackend implements LockBackend {
  private final EtcdSettings settings;
  private final EtcdEnvironment outside;
  private @Nullable EtcdStore session;
  private boolean opening;
  private boolean closed;

  EtcdBackend(EtcdSettings settings, EtcdEnvironment outside) {
    this.settings = settings;
    this.outside = outside;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    synchronized (this) {
      if (closed || opening || session != null) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(closed ? "closed" : "open already"));
      }
      opening = true;
    }
    CompletableFuture<StoreInfo> answer = new CompletableFuture<>();
    EtcdStore.open(settings, outside, self, wake)
        .whenComplete(
            (opened, error) -> {
              boolean keep;
              synchronized (this) {
                opening = false;
                keep = error == null && !closed;
                session = keep ? opened.session() : session;
              }
              if (error != null) {
                answer.completeExceptionally(EtcdStore.bare(error));
              } else if (keep) {
                answer.complete(opened.info());
              } else {
                opened.session().abandon();
                answer.completeExceptionally(notOpen());
              }
            });
    return answer;
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(open -> open.call(deadline -> open.around().roster().announce(self, deadline)))
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return with(
        open ->
            open.move(
                new EtcdCommand.Acquire(open.around().terms().rounded(claim), line),
                open.around().watches().guess(claim.lock())));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return with(
        open ->
            moveOwn(
                open,
                new EtcdCommand.PassOn(from, open.around().terms().rounded(to), line),
                ReleaseCommand.of(from)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(open -> open.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return with(open -> moveOwn(open, new EtcdCommand.End(order), order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return with(open -> open.move(new EtcdCommand.Revoke(order)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(open -> open.move(new EtcdCommand.Leave(lock))).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(open -> open.call(deadline -> open.looks().describe(names, deadline)));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(open -> open.call(deadline -> open.looks().list(query, deadline)));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(open -> open.call(deadline -> open.marks().advance(resource, token, deadline)));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(open -> open.call(deadline -> open.marks().reset(resource, deadline)));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(open -> open.call(deadline -> open.around().roster().info(deadline)));
  }

  @Override
  public void close() {
    EtcdStore open;
    synchronized (this) {
      closed = true;
      open = session;
      session = null;
    }
    if (open != null) {
      open.close();
    }
  }

  /** What travels to etcd in this backend's transactions; empty while it is not open. */
  synchronized Optional<TxnCounters> traffic() {
    return Optional.ofNullable(session).map(EtcdStore::traffic);
  }

  /** A move of a grant that this replica may have made itself. */
  private static <T> CompletionStage<T> moveOwn(
      EtcdStore open, EtcdCommand<T> move, ReleaseCommand of) {
    OperationContext around = open.around();
    return around
        .holdings()
        .entryOf(of.lock(), of.claim(), of.token())
        .map(
            entry ->
                open.move(
                    move,
                    new ObservedLock(
                        of.lock(),
                        Optional.of(entry),
                        around.watches().lineOf(of.lock()),
                        ObservedLock.Basis.GUESSED)))
        .orElseGet(() -> open.move(move));
  }

  private <T> CompletionStage<T> with(Function<EtcdStore, CompletionStage<T>> call) {
    EtcdStore open;
    synchronized (this) {
      open = session;
    }
    return open == null ? CompletableFuture.failedFuture(notOpen()) : call.apply(open);
  }

  private static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
