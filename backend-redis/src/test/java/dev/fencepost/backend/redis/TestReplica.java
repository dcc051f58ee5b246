package dev.fencepost.backend.redis;

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
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.Standing;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.Persistently;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend that is open, and what it was woken for. */
final class TestReplica implements AutoCloseable {
  /** Enough for a machine that has other things to do. */
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /** For tests in which it passes. */
  static final Duration SHORT_CALL_TIMEOUT = Duration.ofSeconds(3);

  private static final Random RANDOM = new Random();
  private static final List<LockName> ALL_BUCKETS = oneNameOfEachBucket();

  final LockBackend backend;
  final ReplicaId id = ReplicaId.of(RANDOM.nextLong());
  final BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
  final StoreInfo info;

  TestReplica(String uri) {
    this(uri, Map.of());
  }

  TestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  private TestReplica(StoreSettings settings) {
    backend = new RedisBackendProvider().create(settings);
    info = answer(backend.open(new Replica(id, id + ":1", Replica.Phase.SERVING), wakes::add));
  }

  /** One that soon gives up waiting for an answer. */
  static TestReplica impatient(String uri) {
    return new TestReplica(new StoreSettings(uri, SHORT_CALL_TIMEOUT, Map.of()));
  }

  /** One name of each bucket. */
  static List<LockName> namesInAllBuckets() {
    return ALL_BUCKETS;
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
    return granted(attempt(claim, Line.NONE));
  }

  Attempt attempt(Claim claim, Line line) {
    return Persistently.ask(() -> backend.tryAcquire(claim, line));
  }

  /** A release whose repeat finds the grant given back has done so itself. */
  Release release(Grant grant) {
    AtomicInteger asked = new AtomicInteger();
    Release outcome =
        Persistently.ask(
            () -> {
              asked.incrementAndGet();
              return backend.release(ReleaseOrder.of(grant.ref()));
            });
    boolean isOurs = asked.get() > 1 && outcome.equals(new Release.NotHeld(LossReason.RELEASED));
    return isOurs ? new Release.Released() : outcome;
  }

  LockState describe(String lock) {
    return Persistently.ask(() -> backend.describe(List.of(new LockName(lock)))).get(0);
  }

  boolean isFree(LockName lock) {
    return answer(backend.describe(List.of(lock))).get(0).standing() instanceof Standing.Free;
  }

  static boolean isGranted(Attempt attempt) {
    return attempt instanceof Attempt.Granted;
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
          throw new AssertionError("granted: " + granted);
        },
        Attempt.Busy::state);
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

  private static List<LockName> oneNameOfEachBucket() {
    LockName[] names = new LockName[Keys.BUCKETS];
    int found = 0;
    for (int i = 0; found < names.length; i++) {
      LockName name = new LockName("bucket/" + i);
      int bucket = Keys.bucketOf(name);
      if (names[bucket] == null) {
        names[bucket] = name;
        found++;
      }
    }
    return new ArrayList<>(List.of(names));
  }
}
