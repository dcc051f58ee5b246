package dev.fencepost.lock.spi.support;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The loop in which a thread sends the batches of lanes. What the thread submits to any lane while
 * it is in the loop is sent by this loop and not by another frame. So thousands of requests that
 * fail at once do not overflow the stack.
 */
final class LaneLoop {
  /**
   * The lanes that a thread visits next; absent on a thread that is not in the loop. One for all
   * lanes, and removed at the end: threads outlive lanes.
   */
  private static final ThreadLocal<@Nullable Deque<BooleanSupplier>> NEXT_LANES =
      new ThreadLocal<>();

  private LaneLoop() {}

  /**
   * Calls the lane until it sends nothing more, and other lanes that are visited meanwhile, in
   * turn. On a thread that is in the loop already, the lane gets its turn later.
   *
   * @param lane sends one batch if one may begin, and returns true if another one may follow
   */
  static void visit(BooleanSupplier lane) {
    Deque<BooleanSupplier> next = NEXT_LANES.get();
    if (next == null) {
      run(lane);
    } else if (!next.contains(lane)) {
      next.addLast(lane);
    }
  }

  private static void run(BooleanSupplier first) {
    Deque<BooleanSupplier> next = new ArrayDeque<>();
    NEXT_LANES.set(next);
    try {
      for (BooleanSupplier lane = first; lane != null; lane = next.pollFirst()) {
        if (lane.getAsBoolean() && !next.contains(lane)) {
          next.addLast(lane);
        }
      }
    } finally {
      NEXT_LANES.remove();
    }
  }
}
