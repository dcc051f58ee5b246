package dev.fencepost.server.service;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A step that any thread may ask for and that never runs twice at a time: whoever comes first runs
 * it, for those who come meanwhile too (a work-in-progress count, as in the "drain loop" of
 * Reactive Streams). Whatever was done before {@link #ask} is seen by a later run.
 */
final class Serially {
  private final AtomicInteger asked = new AtomicInteger();
  private final Runnable step;

  /** The step must not throw. */
  Serially(Runnable step) {
    this.step = step;
  }

  /** Sees to it that the step runs once more from its beginning. */
  void ask() {
    if (asked.getAndIncrement() == 0) {
      run();
    }
  }

  /**
   * Keeps the step from running on other threads until {@link #resume}; they go on meanwhile.
   *
   * @return whether this thread has to resume; if not, the step is just running elsewhere
   */
  boolean hold() {
    return asked.getAndIncrement() == 0;
  }

  /** Runs the step for all who have asked since {@link #hold} returned true. */
  void resume() {
    run();
  }

  private void run() {
    int done;
    do {
      done = asked.get();
      step.run();
    } while (asked.addAndGet(-done) != 0);
  }
}
