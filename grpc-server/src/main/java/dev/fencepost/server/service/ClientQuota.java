package dev.fencepost.server.service;

import dev.fencepost.core.OverLimitException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of one thing all clients together and each client may have: calls, sessions, bytes.
 * Thread-safe. A client that has given everything back is forgotten.
 */
public final class ClientQuota {
  private final String name;
  private final long most;
  private final long mostPerClient;
  private final AtomicLong all = new AtomicLong();
  private final Map<String, Long> byClient = new ConcurrentHashMap<>();

  /**
   * An unused quota.
   *
   * @param name what is counted, for people
   * @param most for all clients together
   * @param mostPerClient for each
   */
  ClientQuota(String name, long most, long mostPerClient) {
    this.name = name;
    this.most = most;
    this.mostPerClient = mostPerClient;
  }

  /** What all clients have now. */
  public long used() {
    return all.get();
  }

  /**
   * Gives the client some more.
   *
   * @throws OverLimitException if that is too much; then nothing was given
   */
  void take(String client, long amount) {
    if (all.addAndGet(amount) > most) {
      all.addAndGet(-amount);
      throw new OverLimitException(name, most);
    }
    if (byClient.merge(client, amount, Long::sum) > mostPerClient) {
      giveBack(client, amount);
      throw overClientLimit(client);
    }
  }

  /** Takes back what {@link #take} gave. */
  void giveBack(String client, long amount) {
    all.addAndGet(-amount);
    byClient.computeIfPresent(client, (name, had) -> had == amount ? null : had - amount);
  }

  /**
   * Looks whether the client could have one more.
   *
   * @throws OverLimitException if not
   */
  void requireRoom(String client) {
    if (all.get() >= most) {
      throw new OverLimitException(name, most);
    }
    if (byClient.getOrDefault(client, 0L) >= mostPerClient) {
      throw overClientLimit(client);
    }
  }

  private OverLimitException overClientLimit(String client) {
    return new OverLimitException(name + " of client " + client, mostPerClient);
  }
}
