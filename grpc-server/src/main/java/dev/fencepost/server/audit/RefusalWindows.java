package dev.fencepost.server.audit;

import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Counts equal refusals by the second. The first ten of a second are written one by one, the rest
 * as one line with their number. Thread-safe.
 */
final class RefusalWindows {
  static final int MAX_SINGLE = 10;

  /** Most different refusals of one second. Those beyond are counted together. */
  private static final int MAX_KEYS = 10_000;

  static final long WINDOW_NANOS = Duration.ofSeconds(1).toNanos();
  private static final RefusalKey OTHERS =
      new RefusalKey(AuditKind.REFUSED, "", "", "", "many different");

  private final Map<RefusalKey, Window> windows = new ConcurrentHashMap<>();

  private record Window(long startNanos, long count) {}

  /** Counts a refusal. Returns true if it is written by itself. */
  boolean admits(RefusalKey key, long nowNanos) {
    RefusalKey counted = windows.size() < MAX_KEYS || windows.containsKey(key) ? key : OTHERS;
    Window window =
        windows.compute(
            counted,
            (same, old) ->
                old == null ? new Window(nowNanos, 1) : new Window(old.startNanos, old.count + 1));
    return window.count <= MAX_SINGLE && !counted.equals(OTHERS);
  }

  /** Removes the windows that are over, and passes on those with refusals that were not written. */
  void close(long nowNanos, BiConsumer<RefusalKey, Long> rest) {
    Iterator<RefusalKey> keys = windows.keySet().iterator();
    while (keys.hasNext()) {
      RefusalKey key = keys.next();
      Window window = windows.get(key);
      if (window != null && nowNanos - window.startNanos >= WINDOW_NANOS) {
        Window last = windows.remove(key);
        long written = key.equals(OTHERS) ? 0 : MAX_SINGLE;
        if (last != null && last.count > written) {
          rest.accept(key, last.count - written);
        }
      }
    }
  }
}
