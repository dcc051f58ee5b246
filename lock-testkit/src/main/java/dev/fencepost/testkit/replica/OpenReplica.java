package dev.fencepost.testkit.replica;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.testkit.process.StoreRetry;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open backend that records its wake-ups. Thread-safe.
 *
 * @param <B> which backend
 */
public class OpenReplica<B extends LockBackend> implements AutoCloseable {
  private static final int OPENING_TRIES = 3;
  private static final int PATIENCE_SECONDS = 60;
  private static final Duration OUTLIVES_THE_TEST = Duration.ofSeconds(60);

  private final B backend;
  private final ReplicaId id = ReplicaId.of(new Random().nextLong());
  private final BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
  private final StoreInfo info;

  /** Opens the backend; tries again where the store did not answer in time, as a server does. */
  protected OpenReplica(B backend) {
    this.backend = backend;
    this.info = opened(OPENING_TRIES);
  }

  /** Returns the backend, for single calls. */
  public final B backend() {
    return backend;
  }

  /** Returns the id under which the other replicas know it. */
  public final ReplicaId id() {
    return id;
  }

  /** The locks for which it was woken, in their order. */
  public final BlockingQueue<LockName> wakes() {
    return wakes;
  }

  /** Returns the store's answer when it was opened. */
  public final StoreInfo info() {
    return info;
  }

  /** A new claim, with a lease that does not end within a test. */
  public static Claim claim(String lock) {
    return claim(lock, OUTLIVES_THE_TEST);
  }

  /** A new claim without lock delay. */
  public static Claim claim(String lock, Duration ttl) {
    return claim(lock, Lease.of(ttl));
  }

  /** A new claim. */
  public static Claim claim(String lock, Lease lease) {
    return new Claim(
        new LockName(lock),
        new ClaimId(UUID.randomUUID().toString()),
        lease,
        Claimant.named("test"));
  }

  /** Takes a lock that must be there for the taking. */
  public final Grant acquire(String lock) {
    return acquire(claim(lock));
  }

  /** Takes a lock that must be there for the taking. */
  public final Grant acquire(Claim claim) {
    return granted(attempt(claim, QueueIntent.NONE));
  }

  /** Tries until there is an answer. */
  public final Attempt attempt(Claim claim, QueueIntent line) {
    return StoreRetry.ask(() -> backend.tryAcquire(claim, line));
  }

  /** Releases; a repeat that finds the grant released counts as released. */
  public final Release release(Grant grant) {
    AtomicInteger asked = new AtomicInteger();
    Release outcome =
        StoreRetry.ask(
            () -> {
              asked.incrementAndGet();
              return backend.release(ReleaseCommand.of(grant.ref()));
            });
    boolean isOurs = asked.get() > 1 && outcome.equals(new Release.NotHeld(LossReason.RELEASED));
    return isOurs ? new Release.Released() : outcome;
  }

  /** Returns the lock's state. */
  public final LockState describe(LockName lock) {
    return StoreRetry.ask(() -> backend.describe(List.of(lock))).get(0);
  }

  /** Returns the grant of an attempt that must be granted. */
  public static Grant granted(Attempt attempt) {
    return attempt.fold(
        Attempt.Granted::grant,
        busy -> {
          throw new AssertionError("not granted: " + busy);
        },
        foreign -> {
          throw new AssertionError("not granted: " + foreign);
        });
  }

  /** Returns the answer; throws its failure. */
  public static <T> T answer(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Returns the failure of a call that must fail. */
  public static StoreException.Failure failure(CompletionStage<?> stage) {
    try {
      throw new AssertionError("answered: " + answer(stage));
    } catch (StoreException e) {
      return e.failure();
    }
  }

  @Override
  public void close() {
    backend.close();
  }

  private StoreInfo opened(int triesLeft) {
    Replica self = new Replica(id, id + ":1", Replica.Phase.SERVING);
    try {
      return answer(backend.open(self, wakes::add));
    } catch (StoreException e) {
      if (triesLeft == 1) {
        throw e;
      }
      return opened(triesLeft - 1);
    }
  }
}
