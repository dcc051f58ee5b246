package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
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

/** A replica in a test: its backend, with blocking calls. */
final class ContractReplica implements AutoCloseable {
  private static final int MAX_PAGES = 10_000;

  private static final long PATIENCE_SECONDS = 20;

  private final LockBackend backend;
  private final Replica replica;
  private final StoreInfo opened;
  private final WakeCounter wakes;

  private ContractReplica(
      LockBackend backend, Replica replica, StoreInfo opened, WakeCounter wakes) {
    this.backend = backend;
    this.replica = replica;
    this.opened = opened;
    this.wakes = wakes;
  }

  /** Opens the backend, or closes it. */
  static CompletionStage<ContractReplica> open(LockBackend backend, Replica replica) {
    WakeCounter wakes = new WakeCounter();
    return backend
        .open(replica, wakes)
        .whenComplete(
            (info, error) -> {
              if (error != null) {
                backend.close();
              }
            })
        .thenApply(info -> new ContractReplica(backend, replica, info, wakes));
  }

  ReplicaId id() {
    return replica.id();
  }

  Replica replica() {
    return replica;
  }

  /** Returns the store's answer when the replica opened it. */
  StoreInfo opened() {
    return opened;
  }

  WakeCounter wakes() {
    return wakes;
  }

  /** Returns the backend, for calls without waiting. */
  LockBackend backend() {
    return backend;
  }

  Attempt tryAcquire(Claim claim, QueueIntent line) {
    return answer(backend.tryAcquire(claim, line));
  }

  /** Takes a lock that must be available. */
  Grant acquire(Claim claim) {
    return granted(tryAcquire(claim, QueueIntent.NONE));
  }

  Grant acquire(LockName lock) {
    return acquire(TestClaims.on(lock));
  }

  Grant acquire(LockName lock, QueueIntent line) {
    return granted(tryAcquire(TestClaims.on(lock), line));
  }

  /** Tries to take a lock that must be busy. */
  LockState busy(LockName lock, QueueIntent line) {
    return busy(tryAcquire(TestClaims.on(lock), line));
  }

  HandOver handOver(Grant from, Claim to, QueueIntent line) {
    return answer(backend.handOver(from.ref(), to, line));
  }

  Renewal renew(GrantRef grant) {
    return answer(backend.renew(grant));
  }

  /** Renews a grant that must be valid. */
  Grant renewed(Grant grant) {
    return renew(grant.ref())
        .fold(
            Renewal.Renewed::grant,
            lost -> {
              throw new AssertionError("lost: " + lost);
            },
            foreign -> {
              throw new AssertionError("of another principal: " + foreign);
            });
  }

  /** Renews a grant that must have ended. */
  GrantLoss lost(GrantRef grant) {
    return renew(grant)
        .fold(
            renewed -> {
              throw new AssertionError("renewed although it must be gone: " + renewed);
            },
            Renewal.Lost::loss,
            foreign -> {
              throw new AssertionError("of another principal: " + foreign);
            });
  }

  Release release(ReleaseCommand order) {
    return answer(backend.release(order));
  }

  Release release(Grant grant) {
    return release(ReleaseCommand.of(grant.ref()));
  }

  Revocation forceRelease(ForceReleaseCommand order) {
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

  /** Returns all locks with that prefix, in pages of at most that many locks. */
  List<LockState> listAll(String prefix, int limit) {
    List<LockState> all = new ArrayList<>();
    Optional<ListQuery.Cursor> after = Optional.empty();
    int pages = 0;
    do {
      if (++pages > MAX_PAGES) {
        throw new AssertionError("the list has no end: " + pages + " pages");
      }
      LockPage page = list(new ListQuery(prefix, after, limit));
      if (page.locks().size() > limit) {
        throw new AssertionError("asked for " + limit + " locks, got " + page.locks().size());
      }
      all.addAll(page.locks());
      after = page.next();
    } while (after.isPresent());
    return all;
  }

  FenceAdvance advance(ResourceName resource, long token) {
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
        },
        foreign -> {
          throw new AssertionError("of another principal: " + foreign);
        });
  }

  static LockState busy(Attempt attempt) {
    return attempt.fold(
        granted -> {
          throw new AssertionError("granted although it must be busy: " + granted);
        },
        Attempt.Busy::state,
        foreign -> {
          throw new AssertionError("of another principal: " + foreign);
        });
  }

  /** Returns the answer of a call, within the time limit of calls. */
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

  /** Returns the status of a state as a word: held, closed or free. */
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
