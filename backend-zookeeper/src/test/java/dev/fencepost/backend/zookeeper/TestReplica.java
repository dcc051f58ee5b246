package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.Persistently;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A backend that is open, and what it was woken for. */
final class TestReplica implements AutoCloseable {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
  private static final int OPENING_TRIES = 3;

  static final Map<String, String> OPTIONS = Map.of("session-timeout", "4s");

  final ZookeeperBackend backend;
  final ReplicaId id = ReplicaId.of(new Random().nextLong());
  final BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
  final StoreInfo info;

  TestReplica(String uri) {
    this(uri, OPTIONS);
  }

  TestReplica(String uri, Map<String, String> options) {
    backend =
        (ZookeeperBackend)
            new ZookeeperBackendProvider().create(new StoreSettings(uri, CALL_TIMEOUT, options));
    info = opened(OPENING_TRIES);
  }

  /** Tries again where nobody answered in time, as the server does. */
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

  static Claim claim(String lock) {
    return claim(lock, Lease.of(Duration.ofSeconds(60)));
  }

  static Claim claim(String lock, Lease lease) {
    return new Claim(
        new LockName(lock),
        new ClaimId(UUID.randomUUID().toString()),
        lease,
        Claimant.named("test"));
  }

  Grant acquire(String lock) {
    return acquire(claim(lock));
  }

  Grant acquire(String lock, Lease lease) {
    return acquire(claim(lock, lease));
  }

  private Grant acquire(Claim claim) {
    return granted(Persistently.ask(() -> backend.tryAcquire(claim, Line.NONE)));
  }

  static Grant granted(Attempt attempt) {
    return attempt.fold(
        Attempt.Granted::grant,
        busy -> {
          throw new AssertionError("not granted: " + busy);
        });
  }

  /** The answer; the failure itself if there is none. */
  static <T> T answer(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Whether a call that ended so may be settled by its repeat. */
  static boolean isUnanswered(@Nullable Throwable error) {
    return error instanceof StoreException
        || (error instanceof CompletionException && error.getCause() instanceof StoreException);
  }

  /** How a call failed that must fail. */
  static StoreException.Failure failure(CompletionStage<?> stage) {
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

  /** A backend that may not be able to open. */
  static final class Unopened implements AutoCloseable {
    private final LockBackend backend;

    Unopened(StoreSettings settings) {
      backend = new ZookeeperBackendProvider().create(settings);
    }

    CompletionStage<StoreInfo> open() {
      Replica self = new Replica(ReplicaId.of(1), "nowhere:1", Replica.Phase.SERVING);
      return backend.open(self, lock -> {});
    }

    @Override
    public void close() {
      backend.close();
    }
  }
}
