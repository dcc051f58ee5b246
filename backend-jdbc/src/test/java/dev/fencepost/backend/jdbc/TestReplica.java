package dev.fencepost.backend.jdbc;

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

/** A backend that is open, and what it was woken for. */
final class TestReplica implements AutoCloseable {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration LONG_CALL_TIMEOUT = Duration.ofSeconds(30);

  final LockBackend backend;
  final BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
  final StoreInfo info;

  TestReplica(String uri) {
    this(uri, Map.of());
  }

  TestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  /** One whose calls do not time out because the machine is busy. */
  static TestReplica patient(String uri) {
    return new TestReplica(new StoreSettings(uri, LONG_CALL_TIMEOUT, Map.of()));
  }

  private TestReplica(StoreSettings settings) {
    backend = new JdbcBackendProvider().create(settings);
    ReplicaId id = ReplicaId.of(new Random().nextLong());
    info = answer(backend.open(new Replica(id, id + ":1", Replica.Phase.SERVING), wakes::add));
  }

  static Claim claim(String lock) {
    return new Claim(
        new LockName(lock),
        new ClaimId(UUID.randomUUID().toString()),
        Lease.of(Duration.ofSeconds(60)),
        Claimant.named("test"));
  }

  Grant acquire(String lock) {
    Claim claim = claim(lock);
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
}
