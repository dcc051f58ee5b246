package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.lock.EtcdCommand;
import dev.fencepost.backend.etcd.lock.ObservedLock;
import dev.fencepost.backend.etcd.lock.OperationContext;
import dev.fencepost.backend.etcd.rpc.AsyncCalls;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.TxnCounters;
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
 * A replica's backend on etcd. Only {@link #close} blocks. Stages complete on the connection's
 * thread, so a caller that blocks it stops all calls. {@link #open} may be repeated after it
 * failed.
 */
final class EtcdBackend implements LockBackend {
  private final EtcdSettings settings;
  private final ClockAndRandom environment;
  private @Nullable EtcdStore store;
  private boolean opening;
  private boolean closed;

  EtcdBackend(EtcdSettings settings, ClockAndRandom environment) {
    this.settings = settings;
    this.environment = environment;
  }

  @Override
  public CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake) {
    synchronized (this) {
      if (closed || opening || store != null) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(closed ? "closed" : "open already"));
      }
      opening = true;
    }
    CompletableFuture<StoreInfo> answer = new CompletableFuture<>();
    EtcdStore.open(settings, environment, self, wake)
        .whenComplete(
            (opened, error) -> {
              boolean keep;
              synchronized (this) {
                opening = false;
                keep = error == null && !closed;
                store = keep ? opened.store() : store;
              }
              if (error != null) {
                answer.completeExceptionally(AsyncCalls.cause(error));
              } else if (keep) {
                answer.complete(opened.info());
              } else {
                opened.store().closeNow();
                answer.completeExceptionally(notOpen());
              }
            });
    return answer;
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return with(open -> open.call(deadline -> open.context().replicas().announce(self, deadline)))
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return with(
        open ->
            open.execute(
                new EtcdCommand.Acquire(open.context().rounding().round(claim), intent),
                open.context().watches().guess(claim.lock())));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return with(
        open ->
            executeOnGrant(
                open,
                new EtcdCommand.PassOn(from, open.context().rounding().round(to), intent),
                ReleaseCommand.of(from)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(open -> open.renew(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return with(open -> executeOnGrant(open, new EtcdCommand.EndGrant(command), command));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return with(open -> open.execute(new EtcdCommand.Revoke(command)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(open -> open.execute(new EtcdCommand.Leave(lock))).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(open -> open.call(deadline -> open.reader().describe(names, deadline)));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(open -> open.call(deadline -> open.lister().list(query, deadline)));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(
        open -> open.call(deadline -> open.fenceMarks().advance(resource, token, deadline)));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(open -> open.call(deadline -> open.fenceMarks().reset(resource, deadline)));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return with(open -> open.call(deadline -> open.context().replicas().info(deadline)));
  }

  @Override
  public void close() {
    EtcdStore open;
    synchronized (this) {
      closed = true;
      open = store;
      store = null;
    }
    if (open != null) {
      open.close();
    }
  }

  /** Returns the counters of this backend's transactions; empty while it is not open. */
  synchronized Optional<TxnCounters> counters() {
    return Optional.ofNullable(store).map(EtcdStore::counters);
  }

  /** Runs a command on a grant. If this replica made it, starts from the cached record. */
  private static <T> CompletionStage<T> executeOnGrant(
      EtcdStore open, EtcdCommand<T> command, ReleaseCommand grant) {
    OperationContext context = open.context();
    return context
        .localGrants()
        .entryOf(grant.lock(), grant.claim(), grant.token())
        .map(
            entry ->
                open.execute(
                    command,
                    new ObservedLock(
                        grant.lock(),
                        Optional.of(entry),
                        context.watches().queueOf(grant.lock()),
                        ObservedLock.Basis.GUESSED)))
        .orElseGet(() -> open.execute(command));
  }

  private <T> CompletionStage<T> with(Function<EtcdStore, CompletionStage<T>> call) {
    EtcdStore open;
    synchronized (this) {
      open = store;
    }
    return open == null ? CompletableFuture.failedFuture(notOpen()) : call.apply(open);
  }

  private static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
