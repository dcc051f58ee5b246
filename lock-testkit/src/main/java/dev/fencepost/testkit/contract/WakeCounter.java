package dev.fencepost.testkit.contract;

import dev.fencepost.lock.LockName;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Counts a replica's wake-ups. Thread-safe. */
final class WakeCounter implements Consumer<LockName> {

  private final Map<LockName, Integer> counts = new ConcurrentHashMap<>();

  @Override
  public void accept(LockName lock) {
    counts.merge(lock, 1, Integer::sum);
  }

  int of(LockName lock) {
    return counts.getOrDefault(lock, 0);
  }
}
