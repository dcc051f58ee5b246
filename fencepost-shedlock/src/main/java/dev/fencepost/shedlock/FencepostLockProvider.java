package dev.fencepost.shedlock;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockHandle.State;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Lease;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import net.javacrumbs.shedlock.core.ExtensibleLockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;

/**
 * Locks of ShedLock on a Fencepost server. Thread-safe.
 *
 * <p>{@code lockAtMostFor}: the lock is given back when it is over, even if the task still runs.
 * The lease of the lock is {@code lockAtMostFor}, but not more than 30 s and not less than 2 s, and
 * it is renewed until then. A node that dies therefore frees its task within 30 s.
 *
 * <p>{@code lockAtLeastFor}: a task that ends earlier leaves the lock closed for the rest. The
 * lease is at least as long, so this also holds if the node dies. An extension does not change the
 * lease.
 *
 * <p>A task that runs on after the loss of its lock is stopped by its {@link #token()} only.
 *
 * <p>The name of the lock is the name of the task: at most 512 bytes of UTF-8.
 */
public final class FencepostLockProvider implements ExtensibleLockProvider {
  private static final Duration LONGEST_LEASE = Duration.ofSeconds(30);

  private final FencepostClient client;
  private final ThreadLocal<Deque<LockHandle>> running = ThreadLocal.withInitial(ArrayDeque::new);

  /** Takes locks with a client, which the caller closes after all tasks have ended. */
  public FencepostLockProvider(FencepostClient client) {
    this.client = client;
  }

  /**
   * Tries once. It takes at most the client's call timeout.
   *
   * @throws dev.fencepost.client.UnavailableException if no server answered in time
   * @throws IllegalArgumentException if {@code lockAtLeastFor} is longer than a lease of the server
   *     may be, or the name is not a valid lock name
   */
  @Override
  public Optional<SimpleLock> lock(LockConfiguration configuration) {
    HoldPeriod period = HoldPeriod.begin(configuration);
    return client
        .lock(configuration.getName())
        .withTtl(lease(configuration))
        .tryAcquire()
        .map(handle -> begin(configuration, handle, period));
  }

  /**
   * Returns the token of the lock that this thread has taken last and not given back. It goes with
   * each write of the task, and stays available after a loss of the lock.
   *
   * @throws IllegalStateException if this thread has taken no lock: the task runs without one, or
   *     on another thread than the one that ShedLock called
   */
  public FencingToken token() {
    return Optional.ofNullable(running.get().peek())
        .map(LockHandle::token)
        .orElseThrow(() -> new IllegalStateException("this thread runs no task with a lock"));
  }

  private SimpleLock begin(LockConfiguration configuration, LockHandle handle, HoldPeriod period) {
    Deque<LockHandle> mine = running.get();
    // A lock that was given back by another thread.
    mine.removeIf(each -> each.state() == State.RELEASED);
    mine.push(handle);
    return new ScheduledTaskLock(
        configuration, handle, period, () -> running.get().removeAll(List.of(handle)));
  }

  private static Duration lease(LockConfiguration configuration) {
    Duration renewed = Collections.min(List.of(configuration.getLockAtMostFor(), LONGEST_LEASE));
    return Collections.max(List.of(Lease.MIN_TTL, configuration.getLockAtLeastFor(), renewed));
  }
}
