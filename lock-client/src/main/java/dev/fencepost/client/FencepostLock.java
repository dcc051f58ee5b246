package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The description of a lock: its name and the options of its claims. Immutable. Creating one costs
 * no call, and there is nothing to close. Each acquire is a claim of its own, also among the
 * threads of one process.
 */
public interface FencepostLock {

  /** The name: 1–512 bytes of UTF-8 without control characters. */
  String name();

  /**
   * Returns a copy with this lease: how long the lock stays taken if its holder dies, 2 s – 24 h.
   * The server's limits may be narrower.
   */
  FencepostLock withTtl(Duration ttl);

  /**
   * Returns a copy with this lock delay: if the lease runs out, nobody else is granted the lock for
   * this much longer; 0 – 10 min.
   */
  FencepostLock withLockDelay(Duration delay);

  /**
   * Returns a copy with a minimum hold: a release keeps the lock closed until this long after the
   * grant; 0 – 24 h. Use it for a job that must run once per period on hosts whose clocks differ.
   * The release asks the server for the remaining time. A holder that dies before its release
   * therefore keeps others out for its lease and lock delay only.
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

  /**
   * Returns a copy whose renewals stop this long after the grant. The lock is then lost when the
   * remaining lease ends.
   */
  FencepostLock withMaxHold(Duration hold);

  /**
   * Returns a copy with this owner instead of the client's, for people; at most 256 bytes of UTF-8.
   */
  FencepostLock withOwner(String owner);

  /** Returns a copy with this metadata instead of the client's; at most 32 entries and 4 KiB. */
  FencepostLock withMetadata(Map<String, String> metadata);

  /**
   * Waits until the lock is granted, through drains and outages.
   *
   * @throws LimitExceededException if the server takes no more claims
   * @throws AccessDeniedException if the server does not allow it
   * @throws InterruptedException if interrupted; the claim is withdrawn, and a grant that was
   *     already on its way is released
   */
  LockHandle acquire() throws InterruptedException;

  /**
   * Waits at most this long for the lock.
   *
   * @throws LockNotGrantedException if it is not granted in that time
   * @throws UnavailableException if no server answered within the wait plus the call timeout
   * @throws InterruptedException as {@link #acquire()}
   */
  LockHandle acquire(Duration wait) throws InterruptedException;

  /**
   * Tries once. It takes at most the call timeout and cannot be interrupted.
   *
   * @return empty if the lock is taken
   * @throws UnavailableException if no server answered in time
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
   * completing it in another way, withdraws the claim; a grant that was already on its way is
   * released. Stages that depend on the future run on the callback executor.
   */
  CompletableFuture<LockHandle> acquireAsync(Duration wait);

  /** As {@link #tryAcquire(Duration)}, without a thread that waits; see {@link #acquireAsync}. */
  CompletableFuture<Optional<LockHandle>> tryAcquireAsync(Duration wait);

  /**
   * Acquires the lock, runs the body and releases the lock. If the lock is lost meanwhile, the
   * body's thread is interrupted.
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
   * @throws LockLostException if the lock was lost before the body ended; an exception of the body
   *     is added as suppressed
   * @throws Exception the exception of the body
   */
  <T> T hold(Duration wait, HeldBody<T> body) throws Exception;

  /**
   * Takes over a grant of this lock from another process or from a handle that was {@link
   * LockHandle#detach detached}. The grant is renewed before this returns. Minimum and maximum hold
   * are those of this description and count from now. Ttl, lock delay, owner and metadata are those
   * of the grant.
   *
   * <pre>{@code
   * GrantRef grant = lock.detach(); // not renewed here any more; a secret
   * return there.lock("orders/42").adopt(grant); // in another process, before the lease ends
   * }</pre>
   *
   * @throws LockLostException if the grant has ended
   * @throws UnavailableException if no server answered within the call timeout
   * @throws dev.fencepost.lock.InvalidValueException if the grant is for another lock
   */
  LockHandle adopt(GrantRef grant) throws InterruptedException;

  /**
   * Returns a view as the JDK's {@link java.util.concurrent.locks.Lock}: owned by the thread that
   * locked it, reentrant, without conditions.
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
