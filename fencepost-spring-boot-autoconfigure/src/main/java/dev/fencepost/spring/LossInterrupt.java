package dev.fencepost.spring;

import org.jspecify.annotations.Nullable;

/** Interrupts the thread that made it, while it runs the body. Thread-safe. */
final class LossInterrupt {
  private @Nullable Thread body = Thread.currentThread();
  private boolean isInterrupted;

  synchronized void interruptBody() {
    if (body != null) {
      isInterrupted = true;
      body.interrupt();
    }
  }

  /** Ends the body, on its own thread. An interrupt that it has not seen goes no further. */
  synchronized void endBody() {
    if (body != null && isInterrupted) {
      Thread.interrupted();
    }
    body = null;
  }
}
