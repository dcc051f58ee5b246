package dev.fencepost.core;

import dev.fencepost.core.CoordinatorSettings.Most;
import dev.fencepost.lock.Claimant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts waiters and kept bytes of this replica, in total and for each client; thread-safe. */
final class WaiterQuotas {
  private static final int ENTRY_BYTES = 128;
  private static final Share NOTHING = new Share(0, 0);

  private final CoordinatorSettings settings;
  private final AtomicInteger waiters = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final Map<String, Share> byClient = new ConcurrentHashMap<>();

  /** The share of one client. */
  private record Share(int waiters, long bytes) {
    @Nullable Share with(int moreWaiters, long moreBytes) {
      Share after = new Share(waiters + moreWaiters, bytes + moreBytes);
      return after.equals(NOTHING) ? null : after;
    }

    boolean isWithin(Most most) {
      return waiters <= most.waiters() && bytes <= most.bytes();
    }
  }

  WaiterQuotas(CoordinatorSettings settings) {
    this.settings = settings;
  }

  /**
   * Counts a new waiter.
   *
   * @throws OverLimitException if there is no room for it; then nothing is counted
   */
  void enter(String client) {
    int most = settings.inAll().waiters();
    if (waiters.incrementAndGet() > most) {
      waiters.decrementAndGet();
      throw new OverLimitException("waiters of this replica", most);
    }
    if (!grow(client, 1, 0)) {
      waiters.decrementAndGet();
      throw new OverLimitException("waiters of this client", settings.perClient().waiters());
    }
  }

  /** Uncounts a waiter. */
  void leave(String client) {
    waiters.decrementAndGet();
    shrink(client, 1, 0);
  }

  /**
   * Counts bytes kept for a client until {@link #forget}.
   *
   * @throws OverLimitException if there is no room for them; then nothing is counted
   */
  void keep(String client, long size) {
    long most = settings.inAll().bytes();
    if (bytes.addAndGet(size) > most) {
      bytes.addAndGet(-size);
      throw new OverLimitException("bytes of metadata that wait at this replica", most);
    }
    if (!grow(client, 0, size)) {
      bytes.addAndGet(-size);
      long share = settings.perClient().bytes();
      throw new OverLimitException("bytes of metadata of this client that wait", share);
    }
  }

  /** Uncounts bytes. */
  void forget(String client, long size) {
    bytes.addAndGet(-size);
    shrink(client, 0, size);
  }

  /** Returns the number of waiting calls. */
  int waiters() {
    return waiters.get();
  }

  /** Returns the bytes kept. */
  long bytes() {
    return bytes.get();
  }

  /** Returns the memory of a claimant's texts, including a flat rate for each metadata entry. */
  static long sizeOf(Claimant claimant) {
    long size = sizeOf(claimant.owner()) + sizeOf(claimant.principal());
    for (Map.Entry<String, String> entry : claimant.metadata().entrySet()) {
      size += ENTRY_BYTES + sizeOf(entry.getKey()) + sizeOf(entry.getValue());
    }
    return size;
  }

  private boolean grow(String client, int moreWaiters, long moreBytes) {
    boolean[] grown = {true};
    byClient.compute(
        client,
        (name, before) -> {
          Share had = before == null ? NOTHING : before;
          Share after = had.with(moreWaiters, moreBytes);
          grown[0] = after == null || after.isWithin(settings.perClient());
          return grown[0] ? after : before;
        });
    return grown[0];
  }

  private void shrink(String client, int lessWaiters, long lessBytes) {
    byClient.computeIfPresent(client, (name, before) -> before.with(-lessWaiters, -lessBytes));
  }

  /** A Latin-1 text takes one byte for each character, any other text two. */
  private static long sizeOf(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xff) {
        return 2L * text.length();
      }
    }
    return text.length();
  }
}
