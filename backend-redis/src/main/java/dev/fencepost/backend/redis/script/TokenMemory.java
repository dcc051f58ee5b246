package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What this replica remembers of the store's answers: the highest tokens, below which none is given
 * and by whose absence lost state is noticed; and until when its latest grant in each bucket may
 * live. Safe for use by many threads.
 */
public final class TokenMemory {
  /** So long may replicas need to come back to a store that was away. */
  public static final long MIN_QUIET_MILLIS = 3_000;

  /** Longer closings are remembered for this time only: losing one costs no bucket a day. */
  private static final long MOST_CLOSED_MILLIS = Duration.ofMinutes(10).toMillis();

  private final ReplicaId self;
  private final byte[] selfText;
  private final AtomicLong highest = new AtomicLong();
  private final AtomicLongArray byBucket = new AtomicLongArray(RedisSchema.BUCKETS);
  private final long originNanos = System.nanoTime();
  private final AtomicLongArray latestEndMillis = new AtomicLongArray(RedisSchema.BUCKETS);

  public TokenMemory(ReplicaId self) {
    this.self = self;
    this.selfText = self.value().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  ReplicaId self() {
    return self;
  }

  public byte[] selfText() {
    return selfText;
  }

  /** Tells a step who asks and what it remembers, in the first four values. */
  public void fill(byte[][] values, int bucket) {
    values[0] = selfText;
    values[1] = leastToken();
    values[2] = lastToken(bucket);
    values[3] = DecimalText.of(quietMillis(bucket));
  }

  /** The least token that may be given now. */
  byte[] leastToken() {
    return DecimalText.of(highest.get() + 1, DecimalText.TOKEN_WIDTH);
  }

  /** The highest token seen in the bucket: the store's last one is not below, or it lost state. */
  byte[] lastToken(int bucket) {
    return DecimalText.of(byBucket.get(bucket), DecimalText.TOKEN_WIDTH);
  }

  /** For how long nothing may be granted in the bucket if the store lost its state. */
  long quietMillis(int bucket) {
    return Math.max(MIN_QUIET_MILLIS, latestEndMillis.get(bucket) - nowMillis());
  }

  public void recordToken(int bucket, long token) {
    if (token > byBucket.get(bucket)) {
      byBucket.accumulateAndGet(bucket, token, Math::max);
      if (token > highest.get()) {
        highest.accumulateAndGet(token, Math::max);
      }
    }
  }

  /** A grant of that lease was made or renewed. */
  public void recordLease(int bucket, Lease lease) {
    recordEnd(bucket, lease.whole().toMillis() + 1);
  }

  /** A lock was closed for so long. */
  public void recordClosing(int bucket, Duration time) {
    recordEnd(bucket, Math.min(time.toMillis() + 1, MOST_CLOSED_MILLIS));
  }

  private void recordEnd(int bucket, long millis) {
    long end = nowMillis() + millis;
    if (end > latestEndMillis.get(bucket)) {
      latestEndMillis.accumulateAndGet(bucket, end, Math::max);
    }
  }

  private long nowMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - originNanos);
  }
}
