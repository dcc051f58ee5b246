package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallGate;
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
 * Surplus leases, and leases that cannot be kept alive, are revoked.
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
  private final CallGate grants;
  private final CallGate revocations;
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
  LeasePool(
      LeaseClient leases,
      KeepAliveStream keepAlives,
      CallGate grants,
      CallGate revocations,
      EtcdSettings settings) {
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.grants = grants;
    this.revocations = revocations;
    this.maxIdle = settings.idleLeases();
    this.callTimeout = settings.callTimeout();
  }

  /**
   * A lease from the pool.
   *
   * @param seconds the time that was requested
   */
  public record PooledLease(long seconds, LeaseHandle lease) {}

  private record IdleLease(PooledLease pooled, long idleSinceNanos) {
    LeaseHandle lease() {
      return pooled.lease();
    }
  }

  /** Returns a lease that lasts this long from now on. */
  public CompletionStage<PooledLease> take(long seconds, CallDeadline deadline) {
    synchronized (this) {
      Deque<IdleLease> ready = idle.getOrDefault(seconds, new ArrayDeque<>());
      // The most recent first, so that surplus leases age.
      IdleLease last = ready.peekLast();
      if (last != null && last.lease().ageNanos() < USABLE_NANOS) {
        ready.removeLast();
        count--;
        return CompletableFuture.completedStage(last.pooled());
      }
    }
    return grants
        .submit(() -> leases.grant(seconds + MARGIN_SECONDS, LeaseUse.BINDING, deadline), deadline)
        .thenApply(lease -> new PooledLease(seconds, lease));
  }

  /** Takes back a lease without keys, to use it again. */
  public void giveBack(PooledLease pooled) {
    IdleLease back = new IdleLease(pooled, System.nanoTime());
    if (pooled.lease().ageNanos() < FRESH_NANOS) {
      add(back);
    } else if (isFull()) {
      // Thousands may come back at once. Each would be kept alive only to be revoked later.
      revoke(back);
    } else {
      refresh(back);
    }
  }

  /** Keeps aging leases alive, and revokes surplus leases. */
  void tick() {
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
  synchronized List<LeaseHandle> drain() {
    List<LeaseHandle> all = new ArrayList<>(refreshing);
    idle.values().forEach(ready -> ready.forEach(each -> all.add(each.lease())));
    idle.clear();
    count = 0;
    return all;
  }

  private synchronized boolean isFull() {
    return count + refreshing.size() >= maxIdle;
  }

  private void refresh(IdleLease each) {
    if (each.lease().mayHaveEnded()) {
      return;
    }
    long sent = System.nanoTime();
    long seconds = each.pooled().seconds();
    refreshing.add(each.lease());
    keepAlives
        .keepAlive(each.lease().id(), CallDeadline.in(callTimeout))
        .whenComplete(
            (status, error) -> {
              refreshing.remove(each.lease());
              if (error == null && status.seconds() >= seconds + MARGIN_SECONDS) {
                PooledLease alive = new PooledLease(seconds, each.lease().aliveSince(sent));
                add(new IdleLease(alive, each.idleSinceNanos()));
              } else {
                revoke(each);
              }
            });
  }

  private void add(IdleLease added) {
    synchronized (this) {
      if (count < maxIdle) {
        idle.computeIfAbsent(added.pooled().seconds(), any -> new ArrayDeque<>()).addLast(added);
        count++;
        return;
      }
    }
    revoke(added);
  }

  /** Revokes a lease. If too many revocations are queued, the lease is left to expire. */
  @SuppressWarnings("FutureReturnValueIgnored") // The lease expires in any case.
  private void revoke(IdleLease each) {
    CallDeadline deadline = CallDeadline.in(callTimeout.multipliedBy(EtcdLeases.PATIENCE));
    revocations.submit(
        () -> leases.revoke(each.lease().id(), CallDeadline.in(callTimeout)), deadline);
  }
}
