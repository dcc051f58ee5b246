package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Use;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Leases without keys, kept ready for the next grant. They are {@link #MARGIN_SECONDS} longer than
 * what they are for, and one is given out only while its last confirmed keep-alive is younger than
 * that: so it lasts at least as long as the holder counts. Those that nobody needs are revoked
 * after a while.
 *
 * <p>A lease comes back only from whoever took it, and only when an answered transaction has shown
 * that it has no key; any other is left to die. Safe for use by many threads.
 */
final class LeasePool {
  /** By how much leases are longer than what they are for. */
  static final long MARGIN_SECONDS = 2;

  private static final long USABLE_NANOS = Duration.ofMillis(1900).toNanos();
  private static final long FRESH_NANOS = Duration.ofMillis(900).toNanos();
  private static final long UNUSED_NANOS = Duration.ofSeconds(20).toNanos();

  private final LeaseClient leases;
  private final KeepAliveStream keepAlives;
  private final RequestGate grants;
  private final RequestGate revocations;
  private final int idleAtMost;
  private final Duration callTimeout;
  private final Map<Long, Deque<Idle>> idle = new HashMap<>();
  private final Set<LeaseHandle> refreshing = ConcurrentHashMap.newKeySet();
  private int count;

  /**
   * Keeps leases alive on that stream.
   *
   * @param grants lets new ones be made
   * @param revocations lets those be ended that nobody needs
   */
  LeasePool(
      LeaseClient leases,
      KeepAliveStream keepAlives,
      RequestGate grants,
      RequestGate revocations,
      EtcdSettings settings) {
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.grants = grants;
    this.revocations = revocations;
    this.idleAtMost = settings.idleLeases();
    this.callTimeout = settings.callTimeout();
  }

  private record Idle(long seconds, LeaseHandle lease, long sinceNanos) {}

  /** A lease that lasts so long from now on. */
  CompletionStage<Taken> take(long seconds, CallDeadline deadline) {
    synchronized (this) {
      Deque<Idle> ready = idle.getOrDefault(seconds, new ArrayDeque<>());
      // The latest first, so that the surplus grows old.
      for (Idle last = ready.peekLast(); last != null; last = ready.peekLast()) {
        if (last.lease().ageNanos() >= USABLE_NANOS) {
          break;
        }
        ready.removeLast();
        count--;
        return CompletableFuture.completedStage(new Taken(seconds, last.lease()));
      }
    }
    return grants
        .pass(() -> grant(seconds + MARGIN_SECONDS, deadline))
        .thenApply(lease -> new Taken(seconds, lease));
  }

  /**
   * A lease that was taken.
   *
   * @param seconds what it was taken for
   */
  record Taken(long seconds, LeaseHandle lease) {}

  /** The lease has no key: it may be used again. */
  void giveBack(Taken taken) {
    Idle back = new Idle(taken.seconds(), taken.lease(), System.nanoTime());
    if (taken.lease().ageNanos() < FRESH_NANOS) {
      add(back.seconds(), back.lease(), back.sinceNanos());
    } else if (isFull()) {
      // Thousands may come back at once: each would be kept alive only to be revoked then.
      revoke(back);
    } else {
      refresh(back);
    }
  }

  private synchronized boolean isFull() {
    return count + refreshing.size() >= idleAtMost;
  }

  /** Keeps alive what is getting old, and revokes what nobody needs. */
  void tick() {
    List<Idle> old = new ArrayList<>();
    List<Idle> unused = new ArrayList<>();
    long now = System.nanoTime();
    synchronized (this) {
      for (Deque<Idle> ready : idle.values()) {
        ready.removeIf(
            each -> {
              boolean isUnused = now - each.sinceNanos() > UNUSED_NANOS;
              boolean isOld = each.lease().ageNanos() >= FRESH_NANOS;
              if (isUnused) {
                unused.add(each);
              } else if (isOld) {
                old.add(each);
              }
              return isUnused || isOld;
            });
      }
      idle.values().removeIf(Deque::isEmpty);
      count -= old.size() + unused.size();
    }
    old.forEach(this::refresh);
    unused.forEach(this::revoke);
  }

  /** Takes all out, so that they can be revoked. */
  synchronized List<LeaseHandle> drain() {
    List<LeaseHandle> all = new ArrayList<>(refreshing);
    idle.values().forEach(ready -> ready.forEach(each -> all.add(each.lease())));
    idle.clear();
    count = 0;
    return all;
  }

  private CompletionStage<LeaseHandle> grant(long seconds, CallDeadline deadline) {
    return deadline.isOver()
        ? CompletableFuture.failedFuture(EtcdException.timeout())
        : leases.grant(seconds, Use.BINDING, deadline);
  }

  private void refresh(Idle each) {
    if (each.lease().mayHaveEnded()) {
      return;
    }
    long sent = System.nanoTime();
    refreshing.add(each.lease());
    keepAlives
        .keepAlive(each.lease().id(), CallDeadline.in(callTimeout))
        .whenComplete(
            (said, error) -> {
              refreshing.remove(each.lease());
              if (error == null && said.seconds() >= each.seconds() + MARGIN_SECONDS) {
                add(each.seconds(), each.lease().aliveSince(sent), each.sinceNanos());
              }
            });
  }

  private void add(long seconds, LeaseHandle lease, long sinceNanos) {
    Idle added = new Idle(seconds, lease, sinceNanos);
    synchronized (this) {
      if (count < idleAtMost) {
        idle.computeIfAbsent(seconds, any -> new ArrayDeque<>()).addLast(added);
        count++;
        return;
      }
    }
    revoke(added);
  }

  /** Where too many wait to be revoked, a lease dies by itself. */
  private void revoke(Idle each) {
    revocations.pass(() -> leases.revoke(each.lease().id(), CallDeadline.in(callTimeout)));
  }
}
