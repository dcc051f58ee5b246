package dev.fencepost.core;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the waiters of this replica, in all and of each client; thread-safe. */
final class Quotas {
  private final CoordinatorSettings settings;
  private final AtomicInteger all = new AtomicInteger();
  private final Map<String, Integer> byClient = new ConcurrentHashMap<>();

  Quotas(CoordinatorSettings settings) {
    this.settings = settings;
  }

  /**
   * Counts one more waiter.
   *
   * @throws OverLimitException if there is no room for it; then nothing is counted
   */
  void enter(String client) {
    if (all.incrementAndGet() > settings.maxWaiters()) {
      all.decrementAndGet();
      throw new OverLimitException("waiters of this replica", settings.maxWaiters());
    }
    if (byClient.merge(client, 1, Integer::sum) > settings.maxWaitersPerClient()) {
      leave(client);
      throw new OverLimitException("waiters of this client", settings.maxWaitersPerClient());
    }
  }

  /** Counts one waiter less. */
  void leave(String client) {
    all.decrementAndGet();
    byClient.computeIfPresent(client, (name, count) -> count == 1 ? null : count - 1);
  }

  int all() {
    return all.get();
  }
}
