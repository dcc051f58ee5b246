package dev.fencepost.client.examples;

import dev.fencepost.lock.FencingToken;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A resource that remembers the highest token that it has seen. */
final class Orders {
  private final AtomicLong fence = new AtomicLong();
  private final AtomicInteger updates = new AtomicInteger();

  void update(int order, FencingToken token) {
    long seen = fence.getAndAccumulate(token.value(), Math::max);
    if (token.value() < seen) {
      throw new IllegalStateException("order " + order + ": " + token + " is older than " + seen);
    }
    updates.incrementAndGet();
  }

  int updates() {
    return updates.get();
  }
}
