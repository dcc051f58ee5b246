package dev.fencepost.server.service.call;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a step on request of any thread, but never twice at a time. One run serves all requests made
 * before it began (a work-in-progress count, as in the "drain loop" of Reactive Streams). A later
 * run sees everything that happened before {@link #requestRun}.
 */
public final class DrainLoop {
  private static final Logger LOG = LoggerFactory.getLogger(DrainLoop.class);
  private final AtomicInteger requests = new AtomicInteger();
  private final Runnable step;
  private final Executor executor;

  /** Creates a loop in which the first requesting thread runs the step. The step must not throw. */
  public DrainLoop(Runnable step) {
    this(step, Runnable::run);
  }

  /** Creates a loop whose step the executor runs. An executor that rejects has ended for good. */
  public DrainLoop(Runnable step, Executor executor) {
    this.step = step;
    this.executor = executor;
  }

  /** Requests that the step runs once more from its beginning. */
  public void requestRun() {
    if (requests.getAndIncrement() == 0) {
      try {
        executor.execute(this::run);
      } catch (RejectedExecutionException e) {
        LOG.debug("the executor has ended, so the step does not run", e);
      }
    }
  }

  /**
   * Prevents the step from running on other threads until {@link #resume}. Their requests return at
   * once.
   *
   * @return true if this thread has to resume; false if the step is running on another thread
   */
  public boolean pause() {
    return requests.getAndIncrement() == 0;
  }

  /** Runs the step for all requests since {@link #pause} returned true. */
  public void resume() {
    run();
  }

  private void run() {
    int done;
    do {
      done = requests.get();
      step.run();
    } while (requests.addAndGet(-done) != 0);
  }
}
