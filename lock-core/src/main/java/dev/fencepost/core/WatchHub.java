package dev.fencepost.core;

import dev.fencepost.core.LockChange.Kind;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Standing;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows the watched locks of this replica for all who watch them.
 *
 * <p>States come from one look at the store at a time, so that none is older than the one before:
 * at once for locks that this replica changed, with each re-check for all.
 */
final class WatchHub {
  /** A closing whose end moved by more than this is news. */
  private static final Duration NOTICEABLE = Duration.ofMillis(100);

  private final LockBackend backend;
  private final Timers timers;
  private final Map<LockName, Topic> topics = new HashMap<>();
  private final Set<LockName> toLookAt = new LinkedHashSet<>();
  private volatile boolean anyWatched;
  private boolean looking;

  WatchHub(LockBackend backend, Timers timers) {
    this.backend = backend;
    this.timers = timers;
  }

  /** Begins to follow the locks for a subscription. */
  void add(Subscription subscription) {
    synchronized (this) {
      for (LockName lock : subscription.locks()) {
        topics.computeIfAbsent(lock, name -> new Topic()).subscriptions.add(subscription);
        toLookAt.add(lock);
      }
      anyWatched = true;
    }
    look();
  }

  /** Ends a subscription; a lock that nobody follows any more costs nothing. */
  synchronized void remove(Subscription subscription) {
    for (LockName lock : subscription.locks()) {
      Topic topic = topics.get(lock);
      if (topic != null && topic.subscriptions.remove(subscription)) {
        topics.computeIfPresent(lock, (name, t) -> t.subscriptions.isEmpty() ? null : t);
      }
    }
    anyWatched = !topics.isEmpty();
  }

  /** The lock changed through this replica. */
  void changed(LockName lock) {
    if (anyWatched) {
      synchronized (this) {
        if (!topics.containsKey(lock)) {
          return;
        }
        toLookAt.add(lock);
      }
      look();
    }
  }

  /** Time to look at all of them. */
  void lookAtAll() {
    if (anyWatched) {
      synchronized (this) {
        toLookAt.addAll(topics.keySet());
      }
      look();
    }
  }

  private void look() {
    List<LockName> names;
    synchronized (this) {
      toLookAt.retainAll(topics.keySet());
      if (looking || toLookAt.isEmpty()) {
        return;
      }
      looking = true;
      names = toLookAt.stream().limit(LockBackend.MAX_DESCRIBED).toList();
      names.forEach(toLookAt::remove);
    }
    Actions.sent(() -> backend.describe(names))
        .whenComplete((states, error) -> looked(error == null ? states : List.of()));
  }

  /** A look that failed is made up for by the next one. */
  private void looked(List<LockState> states) {
    List<Subscription> told = new ArrayList<>();
    synchronized (this) {
      looking = false;
      for (LockState state : states) {
        Topic topic = topics.get(state.lock());
        if (topic != null) {
          topic.saw(state, timers.nanoTime(), told);
        }
      }
    }
    told.forEach(Subscription::tell);
    look();
  }

  /** One watched lock. Guarded by the hub's monitor. */
  private static final class Topic {
    final Set<Subscription> subscriptions = new LinkedHashSet<>();
    private Optional<LockState> last = Optional.empty();
    private long freeAtNanos;

    void saw(LockState state, long nowNanos, List<Subscription> told) {
      long freeAt = nowNanos + state.freeIn().toNanos();
      Kind kind = last.map(before -> kindOf(before, state, nowNanos)).orElse(Kind.STATE);
      boolean news = last.isEmpty() || differs(last.orElseThrow(), state, freeAt);
      last = Optional.of(state);
      freeAtNanos = freeAt;
      for (Subscription subscription : subscriptions) {
        if (news || !subscription.knows(state.lock())) {
          subscription.offer(new LockChange(kind, state));
          told.add(subscription);
        }
      }
    }

    private boolean differs(LockState before, LockState now, long freeAt) {
      boolean closingMoved =
          now.standing() instanceof Standing.Closed
              && Math.abs(freeAt - freeAtNanos) > NOTICEABLE.toNanos();
      return closingMoved
          || !before.lastToken().equals(now.lastToken())
          || !before.standing().getClass().equals(now.standing().getClass())
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
      return state.standing() instanceof Standing.Closed closed && !closed.revoked().isEmpty();
    }
  }
}
