package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.LockNode.StateKind;
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
final class StateExpirer {
  private static final Logger LOG = LoggerFactory.getLogger(StateExpirer.class);
  private static final Duration MARGIN = Duration.ofMillis(50);
  private static final Duration RETRY = Duration.ofMillis(500);

  /** Ends a state, or answers what stands now. */
  interface StateActions {
    /** Looks at the lock as it is. */
    CompletableFuture<LockSnapshot> look(LockName lock);

    /** Does what follows when the state's time is over; false if it had changed. */
    CompletableFuture<Boolean> end(LockSnapshot snapshot);

    /** Whether somebody else looks after it. */
    boolean isKeptByAnother(LockNode node);
  }

  private final ScheduledExecutorService timers;
  private final Map<LockName, TrackedState> kept = new ConcurrentHashMap<>();
  private final Set<LockName> doubtful = ConcurrentHashMap.newKeySet();
  private final StateActions work;

  StateExpirer(ScheduledExecutorService timers, StateActions work) {
    this.timers = timers;
    this.work = work;
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
          && node.claim().map(RecordedClaim::claim).filter(claim::equals).isPresent();
    }
  }

  /** Looks after a state from now on. */
  void keep(LockName lock, LockNode node, Stat stat) {
    LockNode spelledOut = node.spelledOut(stat);
    if (node.kind() == StateKind.IDLE) {
      forget(lock);
      return;
    }
    int version = stat.getVersion();
    Duration time = node.kind() == StateKind.TURN ? node.lasts() : node.lasts().plus(MARGIN);
    Future<?> timer = after(time, () -> isOver(lock, spelledOut.state(), version));
    stop(kept.put(lock, new TrackedState(spelledOut, version, timer)));
  }

  /** Nothing stands there any more that is ours to end. */
  void forget(LockName lock) {
    stop(kept.remove(lock));
  }

  Optional<TrackedState> of(LockName lock) {
    return Optional.ofNullable(kept.get(lock));
  }

  /** How many states are looked after. */
  int size() {
    return kept.size();
  }

  /** A write of ours may have happened. */
  void doubt(LockName lock) {
    doubtful.add(lock);
  }

  /** Connected again: sees what became of the writes in doubt. */
  void settleDoubts() {
    for (LockName lock : List.copyOf(doubtful)) {
      look(lock);
    }
  }

  /** A state was seen; looks after it if nobody else does. */
  void found(LockSnapshot snapshot) {
    LockName lock = snapshot.lock();
    if (!snapshot.isBusy() || work.isKeptByAnother(snapshot.node())) {
      return;
    }
    TrackedState known = kept.get(lock);
    boolean isKnown =
        known != null
            && known.node().state().equals(snapshot.node().state())
            && known.version() == snapshot.version();
    if (!isKnown) {
      keep(lock, snapshot.node(), snapshot.stored().orElseThrow().stat());
    }
  }

  private void look(LockName lock) {
    work.look(lock)
        .thenAccept(
            snapshot -> {
              doubtful.remove(lock);
              found(snapshot);
            })
        .exceptionally(
            error -> {
              if (ZookeeperErrors.isUnreadable(error)) {
                doubtful.remove(lock); // It is not what was written here.
              } else {
                doubtful.add(lock);
              }
              return null;
            });
  }

  private void isOver(LockName lock, String state, int version) {
    work.look(lock)
        .thenCompose(
            snapshot -> {
              boolean isStill =
                  snapshot.isBusy()
                      && snapshot.node().state().equals(state)
                      && snapshot.version() == version;
              if (isStill) {
                return work.end(snapshot);
              }
              forgetIf(lock, state, version);
              found(snapshot);
              return CompletableFuture.completedFuture(true);
            })
        .whenComplete(
            (done, error) -> {
              if (error != null && ZookeeperErrors.isUnreadable(error)) {
                // Somebody else wrote it since: it is not this replica's to end.
                LOG.warn(
                    "Not looked after any more: {}",
                    ZookeeperErrors.toException(error).getMessage());
                forgetIf(lock, state, version);
                return;
              }
              if (error != null) {
                LOG.debug("Could not end a state yet: {}", error.toString());
              }
              if (error != null || !done) {
                Duration pause = error == null ? Duration.ofMillis(1) : RETRY;
                after(pause, () -> isOver(lock, state, version));
              }
            });
  }

  private void forgetIf(LockName lock, String state, int version) {
    kept.computeIfPresent(
        lock,
        (name, known) ->
            known.node().state().equals(state) && known.version() == version ? null : known);
  }

  private Future<?> after(Duration time, Runnable act) {
    try {
      return timers.schedule(act, time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Closed: the others take over.
      return CompletableFuture.completedFuture(true);
    }
  }

  private static void stop(@Nullable TrackedState former) {
    if (former != null) {
      former.timer().cancel(false);
    }
  }
}
