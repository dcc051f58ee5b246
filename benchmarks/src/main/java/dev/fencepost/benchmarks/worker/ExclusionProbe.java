package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.contender.TakenLock;
import dev.fencepost.benchmarks.worker.WorkerTask.Stage;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A second client that tries a held lock and must be refused. It finds an acquire that does
 * nothing, even where no two callers contend. Contenders without locks are not probed.
 */
final class ExclusionProbe implements AutoCloseable {
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long TIMEOUT_SECONDS = 30;

  private final Stage stage;
  private final boolean isLock;
  private final ExecutorService secondClient = Executors.newSingleThreadExecutor();
  private long dueNanos = System.nanoTime();
  private long count;

  ExclusionProbe(Stage stage) {
    this.stage = stage;
    this.isLock = !ContenderCatalogue.get(stage.order().contender()).is(ContenderTrait.TRANSPORT);
  }

  /** Tries a lock that the caller holds, if the interval has passed. */
  void probeIfDue(int lock) throws Exception {
    if (System.nanoTime() - dueNanos >= 0) {
      requireRefused(lock);
      dueNanos = System.nanoTime() + INTERVAL_NANOS;
    }
  }

  /** Tries a lock that is held. */
  void requireRefused(int lock) throws Exception {
    if (isLock && onSecondClient(() -> tryOnce(lock))) {
      stage.referee().report("lock " + lock + ": a second client was let in");
    }
  }

  /** Waits for a released lock. If the release did nothing, this times out. */
  void requireGranted(int lock) throws Exception {
    if (isLock) {
      onSecondClient(
          () -> {
            stage.acquire(lock).release();
            return true;
          });
    }
  }

  long count() {
    return count;
  }

  @Override
  public void close() {
    secondClient.shutdownNow();
  }

  private boolean onSecondClient(Callable<Boolean> work) throws Exception {
    count++;
    return secondClient.submit(work).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private boolean tryOnce(int lock) throws Exception {
    Optional<TakenLock> taken = stage.contender().tryAcquire(stage.order().lockName(lock));
    if (taken.isPresent()) {
      taken.get().release();
    }
    return taken.isPresent();
  }
}
