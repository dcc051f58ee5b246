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
   * The loop that the present thread is in. One for all lanes, and removed at its end: threads
   * outlive lanes.
   */
  private static final ThreadLocal<@Nullable LaneLoop> CURRENT = new ThreadLocal<>();

  /** The lanes to be visited next, each once; usually none. */
  private @Nullable Deque<BooleanSupplier> nextLanes;

  private LaneLoop() {}

  /**
   * Calls the lane until it sends nothing more, and other lanes that are visited meanwhile, in
   * turn. On a thread that is in the loop already, the lane gets its turn later.
   *
   * @param lane sends one batch if one may begin, and returns true if another one may follow
   */
  static void visit(BooleanSupplier lane) {
    LaneLoop current = CURRENT.get();
    if (current != null) {
      current.visitLater(lane);
      return;
    }
    LaneLoop loop = new LaneLoop();
    CURRENT.set(loop);
    try {
      loop.run(lane);
    } finally {
      CURRENT.remove();
    }
  }

  private void run(BooleanSupplier first) {
    for (BooleanSupplier lane = first; lane != null; lane = pollNext()) {
      if (lane.getAsBoolean()) {
        visitLater(lane);
      }
    }
  }

  private void visitLater(BooleanSupplier lane) {
    if (nextLanes == null) {
      nextLanes = new ArrayDeque<>();
    }
    if (!nextLanes.contains(lane)) {
      nextLanes.addLast(lane);
    }
  }

  private @Nullable BooleanSupplier pollNext() {
    return nextLanes == null ? null : nextLanes.pollFirst();
  }
}
