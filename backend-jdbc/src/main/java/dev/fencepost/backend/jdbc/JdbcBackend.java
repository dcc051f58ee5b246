package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.batch.JdbcCommand;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
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
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The backend of one replica on a SQL database. No method blocks but {@link #close}. Stages
 * complete on this backend's own threads, one for each connection, so a caller that blocks one of
 * them delays the calls of others. {@link #open} may be repeated after a failure.
 */
final class JdbcBackend implements LockBackend {
  private final SqlDialect dialect;
  private final JdbcSettings settings;
  private final Random random;
  private @Nullable JdbcStore store;
  private boolean closed;

  JdbcBackend(SqlDialect dialect, JdbcSettings settings, Random random) {
    this.dialect = dialect;
    this.settings = settings;
    this.random = random;
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
            "fencepost-jdbc-open");
    opener.setDaemon(true);
    opener.start();
    return opened;
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return this.<Boolean>withStore(
            open ->
                open.query(
                    connection -> {
                      open.housekeeping().announce(connection, self);
                      return true;
                    }))
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return withStore(
        open -> open.acquireWorkers().submit(new JdbcCommand.AcquireClaim(claim, intent)));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return withStore(
        open -> open.ownerWorkers().submit(new JdbcCommand.HandOverGrant(from, to, intent)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return withStore(open -> open.ownerWorkers().submit(new JdbcCommand.RenewGrant(grant)));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return withStore(open -> open.ownerWorkers().submit(new JdbcCommand.ReleaseClaim(command)));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return withStore(open -> open.ownerWorkers().submit(new JdbcCommand.ForceReleaseLock(command)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return withStore(open -> open.ownerWorkers().submit(new JdbcCommand.LeaveQueue(lock)))
        .thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return withStore(
        open -> open.query(connection -> open.lockReader().describe(connection, names)));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return withStore(open -> open.query(connection -> open.lockLister().list(connection, query)));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return withStore(
        open -> open.query(connection -> open.fenceMarks().advance(connection, resource, token)));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return withStore(
        open -> open.query(connection -> open.fenceMarks().reset(connection, resource)));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return withStore(JdbcStore::info);
  }

  @Override
  public void close() {
    JdbcStore open;
    synchronized (this) {
      closed = true;
      open = store;
      store = null;
    }
    if (open != null) {
      open.close();
      dialect.close();
    }
  }

  private StoreInfo openNow(Replica self, Consumer<LockName> wake) {
    synchronized (this) {
      if (closed || store != null) {
        throw new IllegalStateException(closed ? "closed" : "open already");
      }
    }
    dialect.prepare();
    JdbcStore.Opened opened;
    try {
      opened = JdbcStore.open(dialect, settings, self, wake, random);
    } catch (RuntimeException e) {
      dialect.close();
      throw e;
    }
    synchronized (this) {
      if (!closed && store == null) {
        store = opened.store();
        return opened.info();
      }
    }
    opened.store().close();
    dialect.close();
    throw notOpen();
  }

  private <T> CompletionStage<T> withStore(Function<JdbcStore, CompletionStage<T>> call) {
    JdbcStore open;
    synchronized (this) {
      open = store;
    }
    return open == null ? CompletableFuture.failedFuture(notOpen()) : call.apply(open);
  }

  private static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
