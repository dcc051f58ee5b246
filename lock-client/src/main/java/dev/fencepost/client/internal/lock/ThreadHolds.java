package dev.fencepost.client.internal.lock;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The locks that the current thread holds through {@link dev.fencepost.client.JdkLock} views of one
 * client.
 */
final class ThreadHolds {
  @SuppressWarnings("ThreadLocalUsage") // Each client has holds of its own.
  private final ThreadLocal<Map<String, ThreadHold>> holds = ThreadLocal.withInitial(HashMap::new);

  /** A hold and how often its thread has locked it. */
  static final class ThreadHold {
    final LockHandleImpl handle;
    int depth = 1;

    private ThreadHold(LockHandleImpl handle) {
      this.handle = handle;
    }
  }

  @Nullable ThreadHold find(String lock) {
    return holds.get().get(lock);
  }

  void add(String lock, LockHandleImpl handle) {
    holds.get().put(lock, new ThreadHold(handle));
  }

  void remove(String lock) {
    Map<String, ThreadHold> mine = holds.get();
    mine.remove(lock);
    if (mine.isEmpty()) {
      holds.remove();
    }
  }
}
