package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.LockName;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Locks of which something is believed, so that a transaction can be right at the first try; the
 * latest {@value #MOST} of them. To be wrong costs a round trip. Safe for use by many threads.
 */
final class LockNameCache {
  private static final int MOST = 100_000;

  private final Set<LockName> names =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<LockName, Boolean> eldest) {
              return size() > MOST;
            }
          });

  synchronized boolean contains(LockName lock) {
    return names.contains(lock);
  }

  synchronized void add(LockName lock) {
    names.add(lock);
  }

  synchronized void remove(LockName lock) {
    names.remove(lock);
  }

  synchronized void clear() {
    names.clear();
  }
}
