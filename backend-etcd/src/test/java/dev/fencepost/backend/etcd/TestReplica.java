package dev.fencepost.backend.etcd;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.Persistently;
import java.time.Duration;
import java.util.List;
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

  final EtcdBackend backend;
  final BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
  final StoreInfo info;
  final ReplicaId id = ReplicaId.of(new Random().nextLong());

  TestReplica(String uri) {
    this(uri, Map.of());
  }

  TestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  TestReplica(StoreSettings settings) {
    backend = (EtcdBackend) new EtcdBackendProvider().create(settings);
    info = answer(backend.open(new Replica(id, id + ":1", Replica.Phase.SERVING), wakes::add));
  }

  static Claim claim(String lock) {
    return claim(lock, Duration.ofSeconds(60));
  }

  static Claim claim(String lock, Duration ttl) {
    return new Claim(
        new LockName(lock),
        new ClaimId(UUID.randomUUID().toString()),
        Lease.of(ttl),
        Claimant.named("test"));
  }

  Grant acquire(String lock) {
    return acquire(claim(lock));
  }

  Grant acquire(Claim claim) {
    return granted(Persistently.ask(() -> backend.tryAcquire(claim, Line.NONE)));
  }

  Release release(Grant grant) {
    return answer(backend.release(ReleaseOrder.of(grant.ref())));
  }

  LockState describe(LockName lock) {
    return Persistently.ask(() -> backend.describe(List.of(lock))).get(0);
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
