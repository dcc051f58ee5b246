package dev.fencepost.server.service;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A step that any thread may ask for and that never runs twice at a time: one run is for all who
 * asked before it began (a work-in-progress count, as in the "drain loop" of Reactive Streams).
 * Whatever was done before {@link #ask} is seen by a later run.
 */
final class Serially {
  private static final Logger LOG = LoggerFactory.getLogger(Serially.class);
  private final AtomicInteger asked = new AtomicInteger();
  private final Runnable step;
  private final Executor executor;

  /** Whoever comes first runs the step, which must not throw. */
  Serially(Runnable step) {
    this(step, Runnable::run);
  }

  /** The executor runs the step; one that refuses is gone for good. */
  Serially(Runnable step, Executor executor) {
    this.step = step;
    this.executor = executor;
  }

  /** Sees to it that the step runs once more from its beginning. */
  void ask() {
    if (asked.getAndIncrement() == 0) {
      try {
        executor.execute(this::run);
      } catch (RejectedExecutionException e) {
        LOG.debug("nobody is left to write", e);
      }
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
