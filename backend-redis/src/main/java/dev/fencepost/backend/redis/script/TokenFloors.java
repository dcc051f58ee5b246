package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.support.HighestToken;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers from the store's replies, for each bucket, the highest token and the time until which
 * this replica's latest grant may live. No token at or below the highest one is given again, and a
 * bucket without it has lost state. Safe for use by many threads.
 */
public final class TokenFloors {
  /** Time that replicas may need to come back to a store that was away. */
  public static final long MIN_QUIET_MILLIS = 3_000;

  /** Longer closings are remembered for this time only, so that no bucket is quiet for a day. */
  private static final long MOST_CLOSED_MILLIS = Duration.ofMinutes(10).toMillis();

  private final byte[] selfText;
  private final HighestToken highest = new HighestToken();
  private final AtomicLongArray byBucket = new AtomicLongArray(RedisSchema.BUCKETS);
  private final long originNanos = System.nanoTime();
  private final AtomicLongArray latestEndMillis = new AtomicLongArray(RedisSchema.BUCKETS);

  public TokenFloors(ReplicaId self) {
    this.selfText = self.value().getBytes(StandardCharsets.US_ASCII);
  }

  public byte[] selfText() {
    return selfText;
  }

  /**
   * Returns the values of a script: this replica, the least token that may be given, the bucket's
   * highest known token, the ms for which nothing may be granted in the bucket if its last token is
   * below that one and so state was lost; then the script's own.
   */
  public byte[][] values(int bucket, byte[]... own) {
    byte[][] values = new byte[4 + own.length][];
    values[0] = selfText;
    values[1] = DecimalText.ofToken(highest.lowestNew());
    values[2] = DecimalText.ofToken(byBucket.get(bucket));
    values[3] =
        DecimalText.of(Math.max(MIN_QUIET_MILLIS, latestEndMillis.get(bucket) - nowMillis()));
    System.arraycopy(own, 0, values, 4, own.length);
    return values;
  }

  /** Remembers a token that the store replied with. */
  public void recordToken(int bucket, long token) {
    if (token > byBucket.get(bucket)) {
      byBucket.accumulateAndGet(bucket, token, Math::max);
      highest.record(token);
    }
  }

  /** Remembers that a grant with this lease was made or renewed. */
  public void recordLease(int bucket, Lease lease) {
    recordEnd(bucket, lease.whole().toMillis() + 1);
  }

  /** Remembers that a lock was closed for this time. */
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
