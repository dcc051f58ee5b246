package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.backend.zookeeper.lock.LockSnapshot.StoredNode;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.CallDeadlines;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends states when their time is over, because ZooKeeper has no timers. A replica ends the states
 * that it wrote last, and those of lost replicas. Time counts from the answer to the write, or from
 * the moment when an orphan was found. The timer ends the state only if its version is unchanged.
 * If another replica renewed it, the timer does nothing.
 *
 * <p>Safe for use by many threads.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // Each stage that starts here handles its own failures.
public final class LockStateTimers {
  private static final Logger LOG = LoggerFactory.getLogger(LockStateTimers.class);
  private static final Duration EXPIRY_MARGIN = Duration.ofMillis(50);
  private static final Duration RETRY_PAUSE = Duration.ofMillis(500);

  /** Reads and ends states. */
  public interface StateActions {
    /** Reads the lock. */
    CompletableFuture<LockSnapshot> read(LockName lock);

    /** Ends the state because its time is over; false if it had changed. */
    CompletableFuture<Boolean> expire(LockSnapshot snapshot);

    /** True if another living replica expires this state. */
    boolean isTrackedByAnother(LockNode node);
  }

  private final CallDeadlines timers;
  private final Map<LockName, TrackedState> tracked = new ConcurrentHashMap<>();
  private final Set<LockName> inDoubt = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean isResolutionScheduled = new AtomicBoolean();
  private final StateActions actions;

  public LockStateTimers(CallDeadlines timers, StateActions actions) {
    this.timers = timers;
    this.actions = actions;
  }

  /**
   * A state that this replica expires.
   *
   * @param stored its record with resolved values, as it was written or found
   */
  record TrackedState(StoredNode stored, Future<?> timer) {
    LockNode node() {
      return stored.node();
    }

    boolean is(String state, int version) {
      return node().state().equals(state) && stored.stat().getVersion() == version;
    }

    boolean holds(ClaimId claim, String principal) {
      return node().kind() == StateKind.HELD
          && node()
              .claim()
              .filter(each -> each.id().equals(claim))
              .filter(each -> each.claimant().principal().equals(principal))
              .isPresent();
    }
  }

  /** Expires this state from now on. */
  void track(LockName lock, LockNode node, Stat stat) {
    LockNode resolved = node.resolved(stat);
    if (node.kind() == StateKind.IDLE) {
      untrack(lock);
      return;
    }
    int version = stat.getVersion();
    Duration time =
        node.kind() == StateKind.TURN ? node.duration() : node.duration().plus(EXPIRY_MARGIN);
    Future<?> timer = timers.after(time, () -> onTimeOver(lock, resolved.state(), version));
    StoredNode stored = new StoredNode(resolved, stat);
    cancelTimer(tracked.put(lock, new TrackedState(stored, timer)));
  }

  /** Removes the lock, because it has no state that this replica ends. */
  void untrack(LockName lock) {
    cancelTimer(tracked.remove(lock));
  }

  Optional<TrackedState> find(LockName lock) {
    return Optional.ofNullable(tracked.get(lock));
  }

  /** Returns the number of tracked states. */
  public int size() {
    return tracked.size();
  }

  /**
   * Records that the outcome of our write is unknown. The lock is read soon, even if the connection
   * stays: if the write was executed, no other replica ends its state.
   */
  void recordDoubt(LockName lock) {
    inDoubt.add(lock);
    if (isResolutionScheduled.compareAndSet(false, true)) {
      timers.after(
          RETRY_PAUSE,
          () -> {
            isResolutionScheduled.set(false);
            resolveDoubts();
          });
    }
  }

  /** Reads the locks with writes in doubt. Runs after a reconnect, and soon after a doubt. */
  public void resolveDoubts() {
    for (LockName lock : List.copyOf(inDoubt)) {
      // Removed before the read: a doubt that arises meanwhile needs another one.
      if (inDoubt.remove(lock)) {
        resolveDoubt(lock);
      }
    }
  }

  /** Tracks the state unless another living replica does. */
  void trackIfOrphan(LockSnapshot snapshot) {
    LockName lock = snapshot.lock();
    if (!snapshot.isBusy() || actions.isTrackedByAnother(snapshot.node())) {
      return;
    }
    TrackedState known = tracked.get(lock);
    if (known == null || !known.is(snapshot.node().state(), snapshot.version())) {
      track(lock, snapshot.node(), snapshot.stored().orElseThrow().stat());
    }
  }

  private void resolveDoubt(LockName lock) {
    actions
        .read(lock)
        .thenAccept(this::trackIfOrphan)
        .exceptionally(
            error -> {
              // This replica did not write an unreadable record.
              if (!ZookeeperErrors.isUnreadable(error)) {
                recordDoubt(lock);
              }
              return null;
            });
  }

  private void onTimeOver(LockName lock, String state, int version) {
    actions
        .read(lock)
        .thenCompose(
            snapshot -> {
              boolean isStill =
                  snapshot.isBusy()
                      && snapshot.node().state().equals(state)
                      && snapshot.version() == version;
              if (isStill) {
                return actions.expire(snapshot);
              }
              untrackIf(lock, state, version);
              trackIfOrphan(snapshot);
              return CompletableFuture.completedFuture(true);
            })
        .whenComplete(
            (done, error) -> {
              if (error != null && ZookeeperErrors.isUnreadable(error)) {
                // Another replica wrote it since, so this replica must not end it.
                LOG.warn(
                    "No longer expired by this server: {}",
                    ZookeeperErrors.toException(error).getMessage());
                untrackIf(lock, state, version);
                return;
              }
              if (error != null) {
                LOG.debug("Could not end a state, trying again: {}", error.toString());
              }
              if (error != null || !done) {
                Duration pause = error == null ? Duration.ofMillis(1) : RETRY_PAUSE;
                timers.after(pause, () -> onTimeOver(lock, state, version));
              }
            });
  }

  private void untrackIf(LockName lock, String state, int version) {
    tracked.computeIfPresent(lock, (name, known) -> known.is(state, version) ? null : known);
  }

  private static void cancelTimer(@Nullable TrackedState former) {
    if (former != null) {
      former.timer().cancel(false);
    }
  }
}
