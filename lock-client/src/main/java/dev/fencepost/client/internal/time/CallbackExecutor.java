package dev.fencepost.client.internal.time;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the user's code, never on a thread of the transport or of the timer. If the user's executor
 * rejects a task, a new thread runs it, because the loss of a lock must be reported.
 */
public final class CallbackExecutor implements Executor {
  private static final Logger LOG = LoggerFactory.getLogger(CallbackExecutor.class);

  private static final int THREADS = 16;
  private static final long IDLE_SECONDS = 10;

  private final Executor executor;

  public CallbackExecutor(Executor executor) {
    this.executor = executor;
  }

  /** Creates up to 16 daemon threads on demand; further tasks wait in a queue. */
  public static CallbackExecutor withOwnThreads() {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> daemon(task, "fencepost-client-" + count.incrementAndGet()));
    threads.allowCoreThreadTimeOut(true);
    return new CallbackExecutor(threads);
  }

  @Override
  public void execute(Runnable task) {
    Runnable safely = () -> run(task);
    try {
      executor.execute(safely);
    } catch (RejectedExecutionException e) {
      LOG.warn("the callback executor rejects tasks", e);
      daemon(safely, "fencepost-client-refused").start();
    }
  }

  /** Runs a short task of the client on a new thread, however busy the executor is. */
  public void executeOnNewThread(Runnable task) {
    daemon(() -> run(task), "fencepost-client-interrupter").start();
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      LOG.error("a callback failed", e);
    }
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
