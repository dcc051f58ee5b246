package dev.fencepost.backend.jdbc;

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
 * A replica's way to a database. No method blocks but {@link #close}; stages complete on this
 * backend's own threads, of which there are as many as connections, so whoever blocks one holds up
 * the calls of others. {@link #open} may be repeated after it failed.
 */
final class JdbcBackend implements LockBackend {
  private final Database database;
  private final JdbcSettings settings;
  private final Random random;
  private @Nullable Session session;
  private boolean closed;

  JdbcBackend(Database database, JdbcSettings settings, Random random) {
    this.database = database;
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
    return this.<Boolean>with(
            open ->
                open.other(
                    connection -> {
                      open.housekeeping().announce(connection, self);
                      return true;
                    }))
        .thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
    return with(open -> open.acquires().ask(new Question.Acquire(claim, line)));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent line) {
    return with(open -> open.owners().ask(new Question.PassOn(from, to, line)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return with(open -> open.owners().ask(new Question.Renew(grant)));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return with(open -> open.owners().ask(new Question.End(order)));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return with(open -> open.owners().ask(new Question.Revoke(order)));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return with(open -> open.owners().ask(new Question.Leave(lock))).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return with(open -> open.other(connection -> open.reads().describe(connection, names)));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return with(open -> open.other(connection -> open.reads().list(connection, query)));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return with(open -> open.other(connection -> database.advance(connection, resource, token)));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return with(open -> open.other(connection -> open.reads().resetMark(connection, resource)));
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
      open = session;
      session = null;
    }
    if (open != null) {
      open.close();
      database.close();
    }
  }

  private StoreInfo openNow(Replica self, Consumer<LockName> wake) {
    synchronized (this) {
      if (closed || session != null) {
        throw new IllegalStateException(closed ? "closed" : "open already");
      }
    }
    database.prepare();
    Session.Opened opened;
    try {
      opened = Session.open(database, settings, self, wake, random);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
    synchronized (this) {
      if (!closed && session == null) {
        session = opened.session();
        return opened.info();
      }
    }
    opened.session().close();
    database.close();
    throw notOpen();
  }

  private <T> CompletionStage<T> with(Function<Session, CompletionStage<T>> call) {
    Session open;
    synchronized (this) {
      open = session;
    }
    return open == null ? CompletableFuture.failedFuture(notOpen()) : call.apply(open);
  }

  private static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
