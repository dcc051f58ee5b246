package dev.fencepost.backend.redis;

import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What this replica remembers of the store's answers: the highest tokens, below which none is given
 * and by whose absence lost state is noticed; and until when its latest grant may live. Safe for
 * use by many threads.
 */
final class Seen {
  private static final long LEAST_QUIET_MILLIS = 3_000;

  private final ReplicaId self;
  private final byte[] selfText;
  private final AtomicLong highest = new AtomicLong();
  private final AtomicLongArray byBucket = new AtomicLongArray(Keys.BUCKETS);
  private final long originNanos = System.nanoTime();
  private final AtomicLong latestEndMillis = new AtomicLong();

  Seen(ReplicaId self) {
    this.self = self;
    this.selfText = self.value().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  ReplicaId self() {
    return self;
  }

  byte[] selfText() {
    return selfText;
  }

  /** The least token that may be given now. */
  byte[] leastToken() {
    return Digits.of(highest.get() + 1, Digits.TOKEN);
  }

  /** The highest token seen in the bucket: the store's last one is not below, or it lost state. */
  byte[] lastToken(int bucket) {
    return Digits.of(byBucket.get(bucket), Digits.TOKEN);
  }

  /** For how long nothing may be granted if the store lost its state. */
  long quietMillis() {
    return Math.max(LEAST_QUIET_MILLIS, latestEndMillis.get() - nowMillis());
  }

  void token(int bucket, long token) {
    if (token > byBucket.get(bucket)) {
      byBucket.accumulateAndGet(bucket, token, Math::max);
      if (token > highest.get()) {
        highest.accumulateAndGet(token, Math::max);
      }
    }
  }

  /** A grant of that lease was made or renewed. */
  void lease(Lease lease) {
    Duration whole = lease.whole();
    long end = nowMillis() + whole.toMillis() + 1;
    if (end > latestEndMillis.get()) {
      latestEndMillis.accumulateAndGet(end, Math::max);
    }
  }

  private long nowMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - originNanos);
  }
}
