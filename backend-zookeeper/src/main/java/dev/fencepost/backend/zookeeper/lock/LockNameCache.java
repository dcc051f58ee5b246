package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.LockName;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The latest {@value #MAX_NAMES} locks for which this replica believes something, so that a
 * transaction can succeed at the first try. A wrong belief costs one round trip. Safe for use by
 * many threads.
 */
public final class LockNameCache {
  private static final int MAX_NAMES = 100_000;

  private final Set<LockName> names =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<LockName, Boolean> eldest) {
              return size() > MAX_NAMES;
            }
          });

  synchronized boolean contains(LockName lock) {
    return names.contains(lock);
  }

  synchronized void set(LockName lock, boolean isBelieved) {
    if (isBelieved) {
      names.add(lock);
    } else {
      names.remove(lock);
    }
  }

  public synchronized void clear() {
    names.clear();
  }
}
