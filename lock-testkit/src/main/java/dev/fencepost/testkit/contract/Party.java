package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Advance;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForcedRelease;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Loss;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** One replica in a test: its backend, with calls that wait for their answer. */
final class Party implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 20;

  private final LockBackend backend;
  private final Replica replica;
  private final StoreInfo opened;
  private final Wakes wakes;

  private Party(LockBackend backend, Replica replica, StoreInfo opened, Wakes wakes) {
    this.backend = backend;
    this.replica = replica;
    this.opened = opened;
    this.wakes = wakes;
  }

  /** Opens the backend, or closes it. */
  static CompletionStage<Party> open(LockBackend backend, Replica replica) {
    Wakes wakes = new Wakes();
    return backend
        .open(replica, wakes)
        .whenComplete(
            (info, error) -> {
              if (error != null) {
                backend.close();
              }
            })
        .thenApply(info -> new Party(backend, replica, info, wakes));
  }

  ReplicaId id() {
    return replica.id();
  }

  Replica replica() {
    return replica;
  }

  /** What the store said when the replica opened it. */
  StoreInfo opened() {
    return opened;
  }

  Wakes wakes() {
    return wakes;
  }

  /** The backend, for calls that are not waited for. */
  LockBackend backend() {
    return backend;
  }

  Attempt tryAcquire(Claim claim, Line line) {
    return answer(backend.tryAcquire(claim, line));
  }

  /** Takes a lock that must be there for the taking. */
  Grant acquire(Claim claim) {
    return granted(tryAcquire(claim, Line.NONE));
  }

  Grant acquire(LockName lock) {
    return acquire(Claims.on(lock));
  }

  Grant acquire(LockName lock, Line line) {
    return granted(tryAcquire(Claims.on(lock), line));
  }

  /** Tries for a lock that must not be there for the taking. */
  LockState busy(LockName lock, Line line) {
    return busy(tryAcquire(Claims.on(lock), line));
  }

  HandOver handOver(Grant from, Claim to, Line line) {
    return answer(backend.handOver(from.ref(), to, line));
  }

  Renewal renew(GrantRef grant) {
    return answer(backend.renew(grant));
  }

  /** Renews a grant that must stand. */
  Grant renewed(Grant grant) {
    return renew(grant.ref())
        .fold(
            Renewal.Renewed::grant,
            lost -> {
              throw new AssertionError("lost: " + lost);
            });
  }

  /** Renews a grant that must not stand. */
  Loss lost(GrantRef grant) {
    return renew(grant)
        .fold(
            renewed -> {
              throw new AssertionError("renewed although it must be gone: " + renewed);
            },
            Renewal.Lost::loss);
  }

  Release release(ReleaseOrder order) {
    return answer(backend.release(order));
  }

  Release release(Grant grant) {
    return release(ReleaseOrder.of(grant.ref()));
  }

  Revocation forceRelease(ForcedRelease order) {
    return answer(backend.forceRelease(order));
  }

  void leave(LockName lock) {
    answer(backend.leave(lock).thenApply(nothing -> true));
  }

  void announce(Replica changed) {
    answer(backend.announce(changed).thenApply(nothing -> true));
  }

  List<LockState> describe(Collection<LockName> locks) {
    return answer(backend.describe(locks));
  }

  LockState describe(LockName lock) {
    return describe(List.of(lock)).get(0);
  }

  LockPage list(ListQuery query) {
    return answer(backend.list(query));
  }

  /** All pages with that prefix, of at most so many locks each. */
  List<LockState> listAll(String prefix, int limit) {
    List<LockState> all = new ArrayList<>();
    Optional<ListQuery.Cursor> after = Optional.empty();
    do {
      LockPage page = list(new ListQuery(prefix, after, limit));
      if (page.locks().size() > limit) {
        throw new AssertionError("asked for " + limit + " locks, got " + page.locks().size());
      }
      all.addAll(page.locks());
      after = page.next();
    } while (after.isPresent());
    return all;
  }

  Advance advance(ResourceName resource, long token) {
    return answer(backend.advance(resource, new FencingToken(token)));
  }

  Optional<FencingToken> resetMark(ResourceName resource) {
    return answer(backend.resetMark(resource));
  }

  StoreInfo info() {
    return answer(backend.info());
  }

  @Override
  public void close() {
    backend.close();
  }

  static Grant granted(Attempt attempt) {
    return attempt.fold(
        Attempt.Granted::grant,
        busy -> {
          throw new AssertionError("not granted: " + busy);
        });
  }

  static LockState busy(Attempt attempt) {
    return attempt.fold(
        granted -> {
          throw new AssertionError("granted although it must be busy: " + granted);
        },
        Attempt.Busy::state);
  }

  /** The answer of a call, within the time in which every call must have one. */
  static <T> T answer(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw unchecked(Optional.ofNullable(e.getCause()).orElse(e));
    } catch (TimeoutException e) {
      throw new AssertionError("no answer within " + PATIENCE_SECONDS + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** The time since a moment of {@link System#nanoTime()}. */
  static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }

  /** What a state shows if the lock is held, closed or free. */
  static <T> T read(LockState state, Function<LockState, Optional<T>> part) {
    return part.apply(state).orElseThrow(() -> new AssertionError("not shown by " + state));
  }

  private static RuntimeException unchecked(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
  }
}
