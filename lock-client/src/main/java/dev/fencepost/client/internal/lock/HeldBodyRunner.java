package dev.fencepost.client.internal.lock;

import dev.fencepost.client.HeldBody;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Runs a body while a lock is held, and interrupts it if the lock is lost. */
final class HeldBodyRunner {
  private enum Phase {
    RUNNING,
    INTERRUPTING,
    INTERRUPTED,
    ENDED
  }

  private final Thread thread = Thread.currentThread();
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.RUNNING);

  private HeldBodyRunner() {}

  static <T> T run(LockHandleImpl lock, HeldBody<T> body) throws Exception {
    HeldBodyRunner run = new HeldBodyRunner();
    try (lock) {
      lock.onLostImmediately(run::interrupt);
      T result;
      try {
        result = body.run(lock);
      } catch (Throwable thrown) {
        run.end();
        requireNotLost(lock, thrown);
        throw thrown;
      }
      run.end();
      requireNotLost(lock, null);
      return result;
    }
  }

  /** A lock that the body itself released is not lost. */
  private static void requireNotLost(LockHandle lock, @Nullable Throwable thrown) {
    if (lock.state() != LockHandle.State.LOST) {
      return;
    }
    try {
      lock.requireHeld();
    } catch (LockLostException e) {
      if (thrown != null) {
        e.addSuppressed(thrown);
      }
      throw e;
    }
  }

  private void interrupt() {
    if (phase.compareAndSet(Phase.RUNNING, Phase.INTERRUPTING)) {
      thread.interrupt();
      phase.set(Phase.INTERRUPTED);
    }
  }

  /** Prevents further interrupts, and clears the flag of an interrupt that came from here. */
  private void end() {
    if (phase.compareAndSet(Phase.RUNNING, Phase.ENDED)) {
      return;
    }
    while (phase.get() == Phase.INTERRUPTING) {
      Thread.onSpinWait();
    }
    Thread.interrupted();
  }
}
