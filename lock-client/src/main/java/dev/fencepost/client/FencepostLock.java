package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The description of a lock: its name and how it is asked for. Immutable; making one costs no call,
 * and there is nothing to close. Each acquire is a claim of its own, also among the threads of one
 * process.
 */
public interface FencepostLock {

  /** The name: 1–512 bytes of UTF-8 without control characters. */
  String name();

  /**
   * With this lease: how long the lock stays taken if its holder dies, 2 s – 24 h; the server's
   * limits may be narrower.
   */
  FencepostLock withTtl(Duration ttl);

  /** If the lease runs out, nobody else is granted the lock for this much longer; 0 – 10 min. */
  FencepostLock withLockDelay(Duration delay);

  /**
   * A release keeps the lock closed until this long after the grant; 0 – 24 h. For a job that must
   * run once per period on hosts whose clocks differ. The rest is asked for by the release, so a
   * holder that dies before it keeps others out for no longer than its lease and lock delay.
   *
   * <pre>{@code
   * FencepostLock hourly =
   *     client
   *         .lock("jobs/hourly")
   *         .withMinHold(Duration.ofMinutes(59))
   *         .withMaxHold(Duration.ofHours(2));
   * }</pre>
   */
  FencepostLock withMinHold(Duration hold);

  /** Renewing stops this long after the grant, and the lock is lost with what is left then. */
  FencepostLock withMaxHold(Duration hold);

  /** With this owner instead of the client's, for people; at most 256 bytes of UTF-8. */
  FencepostLock withOwner(String owner);

  /** With this metadata instead of the client's; at most 32 entries and 4 KiB. */
  FencepostLock withMetadata(Map<String, String> metadata);

  /**
   * Waits until the lock is granted, through drains and outages.
   *
   * @throws LimitExceededException if the server takes no more claims
   * @throws AccessDeniedException if it is not allowed
   * @throws InterruptedException if interrupted; the claim is withdrawn, and a grant that crossed
   *     this is released
   */
  LockHandle acquire() throws InterruptedException;

  /**
   * Waits at most so long for the lock.
   *
   * @throws LockNotGrantedException if it is not granted in that time
   * @throws UnavailableException if nobody answered in that time and the call timeout besides
   * @throws InterruptedException as {@link #acquire()}
   */
  LockHandle acquire(Duration wait) throws InterruptedException;

  /**
   * Tries once. Bounded by the call timeout, and not interruptible.
   *
   * @return empty if the lock is taken
   * @throws UnavailableException if nobody answered in time
   */
  Optional<LockHandle> tryAcquire();

  /**
   * As {@link #acquire(Duration)}.
   *
   * @return empty if the lock is not granted in time
   */
  Optional<LockHandle> tryAcquire(Duration wait) throws InterruptedException;

  /**
   * As {@link #acquire(Duration)}, without a thread that waits. Cancelling the future, or
   * completing it otherwise, withdraws the claim; a grant that crossed this is released. What
   * depends on the future runs on the callback executor.
   */
  CompletableFuture<LockHandle> acquireAsync(Duration wait);

  /** As {@link #tryAcquire(Duration)}, without a thread that waits; see {@link #acquireAsync}. */
  CompletableFuture<Optional<LockHandle>> tryAcquireAsync(Duration wait);

  /**
   * Runs the body while the lock is held. If it is lost meanwhile, the body's thread is
   * interrupted.
   *
   * <pre>{@code
   * return client
   *     .lock("orders/42")
   *     .hold(
   *         Duration.ofSeconds(5),
   *         lock -> {
   *           orders.update(42, lock.requireHeld());
   *           return orders.updates();
   *         });
   * }</pre>
   *
   * @return what the body returned
   * @throws LockNotGrantedException if the lock is not granted in time; the body has not run
   * @throws LockLostException if the lock was lost before the body ended, with what the body threw
   *     as suppressed
   * @throws Exception what the body throws
   */
  <T> T hold(Duration wait, HeldBody<T> body) throws Exception;

  /**
   * Goes on keeping a grant of this lock that was made elsewhere, by another process or a handle
   * that was {@link LockHandle#detach detached}: it is renewed before this returns. Its minimum and
   * longest hold are this description's, and count from now; ttl, lock delay, owner and metadata
   * are those of the grant.
   *
   * <pre>{@code
   * GrantRef grant = lock.detach(); // not renewed here any more; a secret
   * return there.lock("orders/42").adopt(grant); // in another process, before the lease ends
   * }</pre>
   *
   * @throws LockLostException if the grant has ended
   * @throws UnavailableException if nobody answered within the call timeout
   * @throws dev.fencepost.lock.InvalidValueException if it is a grant of another lock
   */
  LockHandle adopt(GrantRef grant) throws InterruptedException;

  /**
   * A view as the JDK's {@link java.util.concurrent.locks.Lock}: owned by the thread that locked
   * it, reentrant, without conditions.
   *
   * <pre>{@code
   * Lock lock = client.lock("orders/42").asLock();
   * lock.lock();
   * try {
   *   work.run();
   * } finally {
   *   lock.unlock();
   * }
   * }</pre>
   */
  JdkLock asLock();
}
