package dev.fencepost.backend.etcd.lease;

import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.RequestGate;
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
 * Leases without keys, kept ready for the next grant.
 *
 * <p>They are {@link #MARGIN_SECONDS} longer than needed. A lease is handed out only while its last
 * confirmed keep-alive is younger than that, so it lasts at least as long as its holder counts.
 * Surplus leases are revoked after a while.
 *
 * <p>Only the code that took a lease gives it back, and only when an answered transaction has shown
 * that the lease has no key. Any other lease is left to expire. Safe for use by many threads.
 */
public final class LeasePool {
  /** The time by which leases are longer than needed. */
  static final long MARGIN_SECONDS = 2;

  private static final long USABLE_NANOS = Duration.ofMillis(1900).toNanos();
  private static final long FRESH_NANOS = Duration.ofMillis(900).toNanos();
  private static final long SURPLUS_NANOS = Duration.ofSeconds(20).toNanos();

  private final LeaseClient leases;
  private final KeepAliveStream keepAlives;
  private final RequestGate grants;
  private final RequestGate revocations;
  private final int maxIdle;
  private final Duration callTimeout;
  private final Map<Long, Deque<IdleLease>> idle = new HashMap<>();
  private final Set<LeaseHandle> refreshing = ConcurrentHashMap.newKeySet();
  private int count;

  /**
   * Makes an empty pool.
   *
   * @param grants bounds the grants of new leases
   * @param revocations bounds the revocations of surplus leases
   */
  public LeasePool(
      LeaseClient leases,
      KeepAliveStream keepAlives,
      RequestGate grants,
      RequestGate revocations,
      EtcdSettings settings) {
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.grants = grants;
    this.revocations = revocations;
    this.maxIdle = settings.idleLeases();
    this.callTimeout = settings.callTimeout();
  }

  private record IdleLease(long seconds, LeaseHandle lease, long idleSinceNanos) {}

  /** Returns a lease that lasts this long from now on. */
  public CompletionStage<PooledLease> take(long seconds, CallDeadline deadline) {
    synchronized (this) {
      Deque<IdleLease> ready = idle.getOrDefault(seconds, new ArrayDeque<>());
      // The most recent first, so that surplus leases age.
      for (IdleLease last = ready.peekLast(); last != null; last = ready.peekLast()) {
        if (last.lease().ageNanos() >= USABLE_NANOS) {
          break;
        }
        ready.removeLast();
        count--;
        return CompletableFuture.completedStage(new PooledLease(seconds, last.lease()));
      }
    }
    return grants
        .submit(() -> grant(seconds + MARGIN_SECONDS, deadline))
        .thenApply(lease -> new PooledLease(seconds, lease));
  }

  /**
   * A lease from the pool.
   *
   * @param seconds the time that was requested
   */
  public record PooledLease(long seconds, LeaseHandle lease) {}

  /** Takes back a lease without keys, to use it again. */
  public void giveBack(PooledLease pooled) {
    IdleLease back = new IdleLease(pooled.seconds(), pooled.lease(), System.nanoTime());
    if (pooled.lease().ageNanos() < FRESH_NANOS) {
      add(back.seconds(), back.lease(), back.idleSinceNanos());
    } else if (isFull()) {
      // Thousands may come back at once. Each would be kept alive only to be revoked later.
      revoke(back);
    } else {
      refresh(back);
    }
  }

  private synchronized boolean isFull() {
    return count + refreshing.size() >= maxIdle;
  }

  /** Keeps aging leases alive, and revokes surplus leases. */
  public void tick() {
    List<IdleLease> aging = new ArrayList<>();
    List<IdleLease> surplus = new ArrayList<>();
    long now = System.nanoTime();
    synchronized (this) {
      for (Deque<IdleLease> ready : idle.values()) {
        ready.removeIf(
            each -> {
              boolean isSurplus = now - each.idleSinceNanos() > SURPLUS_NANOS;
              boolean isAging = each.lease().ageNanos() >= FRESH_NANOS;
              if (isSurplus) {
                surplus.add(each);
              } else if (isAging) {
                aging.add(each);
              }
              return isSurplus || isAging;
            });
      }
      idle.values().removeIf(Deque::isEmpty);
      count -= aging.size() + surplus.size();
    }
    aging.forEach(this::refresh);
    surplus.forEach(this::revoke);
  }

  /** Removes and returns all leases, for the caller to revoke. */
  public synchronized List<LeaseHandle> drain() {
    List<LeaseHandle> all = new ArrayList<>(refreshing);
    idle.values().forEach(ready -> ready.forEach(each -> all.add(each.lease())));
    idle.clear();
    count = 0;
    return all;
  }

  private CompletionStage<LeaseHandle> grant(long seconds, CallDeadline deadline) {
    return deadline.isOver()
        ? CompletableFuture.failedFuture(EtcdErrors.timeout())
        : leases.grant(seconds, LeaseUse.BINDING, deadline);
  }

  private void refresh(IdleLease each) {
    if (each.lease().mayHaveEnded()) {
      return;
    }
    long sent = System.nanoTime();
    refreshing.add(each.lease());
    keepAlives
        .keepAlive(each.lease().id(), CallDeadline.in(callTimeout))
        .whenComplete(
            (status, error) -> {
              refreshing.remove(each.lease());
              if (error == null && status.seconds() >= each.seconds() + MARGIN_SECONDS) {
                add(each.seconds(), each.lease().aliveSince(sent), each.idleSinceNanos());
              }
            });
  }

  private void add(long seconds, LeaseHandle lease, long idleSinceNanos) {
    IdleLease added = new IdleLease(seconds, lease, idleSinceNanos);
    synchronized (this) {
      if (count < maxIdle) {
        idle.computeIfAbsent(seconds, any -> new ArrayDeque<>()).addLast(added);
        count++;
        return;
      }
    }
    revoke(added);
  }

  /** Revokes a lease. If too many revocations are queued, the lease is left to expire. */
  private void revoke(IdleLease each) {
    revocations.submit(() -> leases.revoke(each.lease().id(), CallDeadline.in(callTimeout)));
  }
}
