package dev.fencepost.server.service.limit;

import dev.fencepost.core.OverLimitException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits the use of one resource, such as calls, sessions or bytes, for all clients together and
 * for each client. Forgets a client that has given everything back. Thread-safe.
 */
public final class ClientQuota {
  private final String name;
  private final long max;
  private final long maxPerClient;
  private final AtomicLong all = new AtomicLong();
  private final Map<String, Long> byClient = new ConcurrentHashMap<>();

  /**
   * Creates an unused quota.
   *
   * @param name name of the resource, for messages to people
   * @param max limit for all clients together
   * @param maxPerClient limit for each client
   */
  ClientQuota(String name, long max, long maxPerClient) {
    this.name = name;
    this.max = max;
    this.maxPerClient = maxPerClient;
  }

  /** Returns the amount that all clients use now. */
  public long used() {
    return all.get();
  }

  /**
   * Takes an amount for the client.
   *
   * @throws OverLimitException if that exceeds a limit. Nothing was taken then
   */
  public void take(String client, long amount) {
    if (all.addAndGet(amount) > max) {
      all.addAndGet(-amount);
      throw new OverLimitException(name, max);
    }
    if (byClient.merge(client, amount, Long::sum) > maxPerClient) {
      giveBack(client, amount);
      throw overClientLimit(client);
    }
  }

  /** Gives back an amount that was taken by {@link #take}. */
  public void giveBack(String client, long amount) {
    all.addAndGet(-amount);
    byClient.computeIfPresent(client, (name, used) -> used == amount ? null : used - amount);
  }

  /**
   * Checks that the client can take one more.
   *
   * @throws OverLimitException if it cannot
   */
  public void requireRoom(String client) {
    if (all.get() >= max) {
      throw new OverLimitException(name, max);
    }
    if (byClient.getOrDefault(client, 0L) >= maxPerClient) {
      throw overClientLimit(client);
    }
  }

  private OverLimitException overClientLimit(String client) {
    return new OverLimitException(name + " of client " + client, maxPerClient);
  }
}
