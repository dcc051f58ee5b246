package dev.fencepost.core;

import dev.fencepost.core.LockChange.Kind;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows the watched locks of this replica for all subscriptions.
 *
 * <p>At most one read of a lock is in flight, so no state is older than the one before. Reads of
 * different locks run in parallel, a few at a time. Locks that this replica changed are read first.
 * In each polling round all locks are read once, one lock of each subscription in turn, so that a
 * small subscription does not wait for a large one.
 */
final class WatchHub {
  /** A change of a closed lock's end by more than this is reported. */
  private static final Duration NOTICEABLE = Duration.ofMillis(100);

  private static final int MOST_LOOKS = 4;

  /** Changed locks in one read; the rest of it belongs to the round. */
  private static final int MOST_FIRST = LockBackend.MAX_DESCRIBED / 2;

  private final LockBackend backend;
  private final TimerService timers;
  private final Map<LockName, Topic> topics = new HashMap<>();
  private final Set<MergedSubscription> subscriptions = new LinkedHashSet<>();

  /** Changed locks, read before all others. */
  private final Set<LockName> first = new LinkedHashSet<>();

  /** Locks with a read in flight. */
  private final Set<LockName> readsInFlight = new HashSet<>();

  /** Locks not yet read in this round, by subscription. */
  private final Map<MergedSubscription, Iterator<LockName>> round = new LinkedHashMap<>();

  private volatile boolean anyWatched;
  private boolean roundDue;
  private int looks;

  WatchHub(LockBackend backend, TimerService timers) {
    this.backend = backend;
    this.timers = timers;
  }

  /** Starts to follow the locks of a subscription. */
  void add(MergedSubscription subscription) {
    synchronized (this) {
      for (LockName lock : subscription.locks()) {
        Topic topic = topics.computeIfAbsent(lock, name -> new Topic());
        topic.subscriptions.add(subscription);
        topic.isDue = true;
      }
      subscriptions.add(subscription);
      round.put(subscription, subscription.locks().iterator());
      anyWatched = true;
    }
    look();
  }

  /** Ends a subscription. Locks without a subscription cost nothing. */
  synchronized void remove(MergedSubscription subscription) {
    subscriptions.remove(subscription);
    round.remove(subscription);
    for (LockName lock : subscription.locks()) {
      Topic topic = topics.get(lock);
      if (topic != null && topic.subscriptions.remove(subscription)) {
        topics.computeIfPresent(lock, (name, t) -> t.subscriptions.isEmpty() ? null : t);
      }
    }
    anyWatched = !topics.isEmpty();
  }

  /** Reports that this replica changed the lock. */
  void changed(LockName lock) {
    if (anyWatched) {
      synchronized (this) {
        if (!topics.containsKey(lock)) {
          return;
        }
        first.add(lock);
      }
      look();
    }
  }

  /** Starts a round over all watched locks. */
  void lookAtAll() {
    if (anyWatched) {
      synchronized (this) {
        roundDue = true;
      }
      look();
    }
  }

  private void look() {
    for (List<LockName> next = next(); !next.isEmpty(); next = next()) {
      List<LockName> names = next;
      DeferredActions.sent(() -> backend.describe(names))
          .whenComplete((states, error) -> onPolled(names, states == null ? List.of() : states));
    }
  }

  /** Returns the locks of the next read; empty if nothing is due or enough reads are in flight. */
  private synchronized List<LockName> next() {
    if (looks == MOST_LOOKS) {
      return List.of();
    }
    List<LockName> names = new ArrayList<>();
    takeFirst(names);
    if (round.isEmpty() && roundDue) {
      roundDue = false;
      topics.values().forEach(topic -> topic.isDue = true);
      subscriptions.forEach(each -> round.put(each, each.locks().iterator()));
    }
    while (names.size() < LockBackend.MAX_DESCRIBED && !round.isEmpty()) {
      MergedSubscription turn = round.keySet().iterator().next();
      Iterator<LockName> left = round.remove(turn);
      if (left != null && left.hasNext()) {
        takeIfDue(left.next(), names);
        round.put(turn, left);
      }
    }
    if (!names.isEmpty()) {
      looks++;
    }
    return names;
  }

  private void takeFirst(List<LockName> names) {
    Iterator<LockName> locks = first.iterator();
    while (locks.hasNext() && names.size() < MOST_FIRST) {
      LockName lock = locks.next();
      Topic topic = topics.get(lock);
      if (topic == null) {
        locks.remove();
      } else if (readsInFlight.add(lock)) {
        locks.remove();
        topic.isDue = false;
        names.add(lock);
      }
    }
  }

  private void takeIfDue(LockName lock, List<LockName> names) {
    Topic topic = topics.get(lock);
    if (topic != null && topic.isDue) {
      topic.isDue = false;
      if (readsInFlight.add(lock)) {
        names.add(lock);
      } else {
        // The read in flight may have begun too early.
        first.add(lock);
      }
    }
  }

  /** A failed read is made up for by the next one. */
  private void onPolled(List<LockName> names, List<LockState> states) {
    Set<MergedSubscription> told = new LinkedHashSet<>();
    synchronized (this) {
      looks--;
      names.forEach(readsInFlight::remove);
      for (LockState state : states) {
        Topic topic = topics.get(state.lock());
        if (topic != null) {
          topic.saw(state, timers.nanoTime(), told);
        }
      }
    }
    look();
    told.forEach(MergedSubscription::tell);
  }

  /** One watched lock. Guarded by the hub's monitor. */
  private static final class Topic {
    final Set<MergedSubscription> subscriptions = new LinkedHashSet<>();
    private Optional<LockState> last = Optional.empty();
    private long freeAtNanos;

    /** True until it was read in this round. */
    boolean isDue;

    void saw(LockState state, long nowNanos, Set<MergedSubscription> told) {
      long freeAt = nowNanos + state.freeIn().toNanos();
      Kind kind = last.map(before -> kindOf(before, state, nowNanos)).orElse(Kind.STATE);
      boolean news = last.isEmpty() || differs(last.orElseThrow(), state, freeAt);
      last = Optional.of(state);
      freeAtNanos = freeAt;
      for (MergedSubscription subscription : subscriptions) {
        if (news || !subscription.knows(state.lock())) {
          subscription.offer(new LockChange(kind, state));
          told.add(subscription);
        }
      }
    }

    private boolean differs(LockState before, LockState now, long freeAt) {
      boolean closingMoved =
          now.status() instanceof LockStatus.Closed
              && Math.abs(freeAt - freeAtNanos) > NOTICEABLE.toNanos();
      return closingMoved
          || !before.lastToken().equals(now.lastToken())
          || !before.status().getClass().equals(now.status().getClass())
          || !before.holder().map(Holder::token).equals(now.holder().map(Holder::token));
    }

    private Kind kindOf(LockState before, LockState now, long nowNanos) {
      boolean newToken = !before.lastToken().equals(now.lastToken());
      if (now.holder().isPresent()) {
        return newToken ? Kind.GRANTED : Kind.OTHER;
      }
      if (before.holder().isEmpty()) {
        return Kind.OTHER;
      }
      if (isRevoked(now)) {
        return Kind.REVOKED;
      }
      if (newToken) {
        return Kind.OTHER;
      }
      return nowNanos - freeAtNanos >= 0 ? Kind.EXPIRED : Kind.RELEASED;
    }

    private static boolean isRevoked(LockState state) {
      return state.status() instanceof LockStatus.Closed closed && !closed.revoked().isEmpty();
    }
  }
}
