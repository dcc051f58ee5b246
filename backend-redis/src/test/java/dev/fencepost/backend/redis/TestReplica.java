package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.replica.OpenReplica;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** An open backend on Redis. */
public final class TestReplica extends OpenReplica<LockBackend> {
  /** Long enough for a busy machine. */
  public static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /** For tests that wait for the timeout. */
  static final Duration SHORT_CALL_TIMEOUT = Duration.ofSeconds(3);

  private static final List<LockName> ALL_BUCKETS = oneNameOfEachBucket();

  public TestReplica(String uri) {
    this(uri, Map.of());
  }

  TestReplica(String uri, Map<String, String> options) {
    this(new StoreSettings(uri, CALL_TIMEOUT, options));
  }

  private TestReplica(StoreSettings settings) {
    super(new RedisBackendProvider().create(settings));
  }

  /** Opens a replica with a short call timeout. */
  static TestReplica impatient(String uri) {
    return impatient(uri, Map.of());
  }

  static TestReplica impatient(String uri, Map<String, String> options) {
    return new TestReplica(new StoreSettings(uri, SHORT_CALL_TIMEOUT, options));
  }

  /** Returns one lock name of each bucket. */
  static List<LockName> namesInAllBuckets() {
    return ALL_BUCKETS;
  }

  public LockState describe(String lock) {
    return describe(new LockName(lock));
  }

  boolean isFree(LockName lock) {
    return answer(backend().describe(List.of(lock))).get(0).status() instanceof LockStatus.Free;
  }

  public static boolean isGranted(Attempt attempt) {
    return attempt instanceof Attempt.Granted;
  }

  public static LockState busy(Attempt attempt) {
    return attempt.fold(
        granted -> {
          throw new AssertionError("granted: " + granted);
        },
        Attempt.Busy::state,
        foreign -> {
          throw new AssertionError("of another principal: " + foreign);
        });
  }

  private static List<LockName> oneNameOfEachBucket() {
    LockName[] names = new LockName[RedisSchema.BUCKETS];
    int found = 0;
    for (int i = 0; found < names.length; i++) {
      LockName name = new LockName("bucket/" + i);
      int bucket = RedisSchema.bucketOf(name);
      if (names[bucket] == null) {
        names[bucket] = name;
        found++;
      }
    }
    return List.of(names);
  }
}
