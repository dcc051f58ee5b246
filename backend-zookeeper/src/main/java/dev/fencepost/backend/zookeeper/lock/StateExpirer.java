package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The states that this replica ends when their time is over: those that it wrote last, and those of
 * replicas that are gone. ZooKeeper has no clock for it. A time is counted here from the answer to
 * the write, or from the moment when an orphan was found, and a state is ended only at the version
 * that was seen then: a renewal since, by whomever, and the timer has nothing to end.
 *
 * <p>Safe for use by many threads.
 */
@SuppressWarnings("FutureReturnValueIgnored") // What is begun here handles its own failures.
public final class StateExpirer {
  private static final Logger LOG = LoggerFactory.getLogger(StateExpirer.class);
  private static final Duration MARGIN = Duration.ofMillis(50);
  private static final Duration RETRY = Duration.ofMillis(500);

  /** Ends a state, or answers what stands now. */
  public interface StateActions {
    /** Looks at the lock as it is. */
    CompletableFuture<LockSnapshot> read(LockName lock);

    /** Does what follows when the state's time is over; false if it had changed. */
    CompletableFuture<Boolean> expire(LockSnapshot snapshot);

    /** Whether somebody else looks after it. */
    boolean isTrackedByAnother(LockNode node);
  }

  private final ScheduledExecutorService timers;
  private final Map<LockName, TrackedState> tracked = new ConcurrentHashMap<>();
  private final Set<LockName> inDoubt = ConcurrentHashMap.newKeySet();
  private final StateActions actions;

  public StateExpirer(ScheduledExecutorService timers, StateActions actions) {
    this.timers = timers;
    this.actions = actions;
  }

  /**
   * A state that is looked after.
   *
   * @param node its record, spelled out
   * @param version its node's version when it was written or found
   */
  record TrackedState(LockNode node, int version, Future<?> timer) {
    boolean holds(ClaimId claim) {
      return node.kind() == StateKind.HELD
          && node.claim().map(RecordedClaim::id).filter(claim::equals).isPresent();
    }
  }

  /** Looks after a state from now on. */
  public void track(LockName lock, LockNode node, Stat stat) {
    LockNode resolved = node.resolved(stat);
    if (node.kind() == StateKind.IDLE) {
      untrack(lock);
      return;
    }
    int version = stat.getVersion();
    Duration time = node.kind() == StateKind.TURN ? node.duration() : node.duration().plus(MARGIN);
    Future<?> timer = schedule(time, () -> onTimeOver(lock, resolved.state(), version));
    cancelTimer(tracked.put(lock, new TrackedState(resolved, version, timer)));
  }

  /** Nothing stands there any more that is ours to end. */
  void untrack(LockName lock) {
    cancelTimer(tracked.remove(lock));
  }

  Optional<TrackedState> find(LockName lock) {
    return Optional.ofNullable(tracked.get(lock));
  }

  /** How many states are looked after. */
  public int size() {
    return tracked.size();
  }

  /** A write of ours may have happened. */
  public void recordDoubt(LockName lock) {
    inDoubt.add(lock);
  }

  /** Connected again: sees what became of the writes in doubt. */
  public void resolveDoubts() {
    for (LockName lock : List.copyOf(inDoubt)) {
      resolveDoubt(lock);
    }
  }

  /** A state was seen; looks after it if nobody else does. */
  void trackIfOrphan(LockSnapshot snapshot) {
    LockName lock = snapshot.lock();
    if (!snapshot.isBusy() || actions.isTrackedByAnother(snapshot.node())) {
      return;
    }
    TrackedState known = tracked.get(lock);
    boolean isKnown =
        known != null
            && known.node().state().equals(snapshot.node().state())
            && known.version() == snapshot.version();
    if (!isKnown) {
      track(lock, snapshot.node(), snapshot.stored().orElseThrow().stat());
    }
  }

  private void resolveDoubt(LockName lock) {
    actions
        .read(lock)
        .thenAccept(
            snapshot -> {
              inDoubt.remove(lock);
              trackIfOrphan(snapshot);
            })
        .exceptionally(
            error -> {
              if (ZookeeperErrors.isUnreadable(error)) {
                inDoubt.remove(lock); // It is not what was written here.
              } else {
                inDoubt.add(lock);
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
                // Somebody else wrote it since: it is not this replica's to end.
                LOG.warn(
                    "Not looked after any more: {}",
                    ZookeeperErrors.toException(error).getMessage());
                untrackIf(lock, state, version);
                return;
              }
              if (error != null) {
                LOG.debug("Could not end a state yet: {}", error.toString());
              }
              if (error != null || !done) {
                Duration pause = error == null ? Duration.ofMillis(1) : RETRY;
                schedule(pause, () -> onTimeOver(lock, state, version));
              }
            });
  }

  private void untrackIf(LockName lock, String state, int version) {
    tracked.computeIfPresent(
        lock,
        (name, known) ->
            known.node().state().equals(state) && known.version() == version ? null : known);
  }

  private Future<?> schedule(Duration time, Runnable action) {
    try {
      return timers.schedule(action, time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Closed: the others take over.
      return CompletableFuture.completedFuture(true);
    }
  }

  private static void cancelTimer(@Nullable TrackedState former) {
    if (former != null) {
      former.timer().cancel(false);
    }
  }
}
