package dev.fencepost.spring;

import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The lock of the {@link FencepostLock} method that the present thread runs. It does not follow the
 * work to other threads.
 */
public final class CurrentLock {
  private static final ThreadLocal<Deque<LockHandle>> HELD =
      ThreadLocal.withInitial(ArrayDeque::new);

  private CurrentLock() {}

  /**
   * Returns the fencing token of the innermost locked method. It stays available after a loss.
   *
   * @throws IllegalStateException if this thread runs no locked method
   */
  public static FencingToken token() {
    return handle().token();
  }

  /**
   * Returns the handle of the innermost locked method. The method's end closes it.
   *
   * @throws IllegalStateException if this thread runs no locked method
   */
  public static LockHandle handle() {
    return Optional.ofNullable(HELD.get().peek())
        .orElseThrow(
            () -> new IllegalStateException("this thread runs no method with @FencepostLock"));
  }

  static void push(LockHandle handle) {
    HELD.get().push(handle);
  }

  static void pop() {
    HELD.get().pop();
    if (HELD.get().isEmpty()) {
      HELD.remove();
    }
  }

  /**
   * Does something with the locks of all locked methods that this thread runs, outer ones first.
   */
  static void forEach(Consumer<LockHandle> action) {
    HELD.get().descendingIterator().forEachRemaining(action);
  }
}
