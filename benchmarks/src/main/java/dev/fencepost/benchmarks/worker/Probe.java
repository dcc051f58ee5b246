package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.worker.Task.Stage;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A second client that tries a lock which is held and must be refused: so that a call which does
 * nothing is found out even where nobody contends. What is no lock is not probed.
 */
final class Probe implements AutoCloseable {
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long PATIENCE_SECONDS = 30;

  private final Stage stage;
  private final boolean isLock;
  private final ExecutorService other = Executors.newSingleThreadExecutor();
  private long dueNanos = System.nanoTime();
  private long probes;

  Probe(Stage stage) {
    this.stage = stage;
    this.isLock = !Catalogue.get(stage.order().contender()).is(Trait.TRANSPORT);
  }

  /** Tries the lock, which the caller holds, if it is time. */
  void mayTry(int lock) throws Exception {
    if (System.nanoTime() - dueNanos >= 0) {
      mustBeRefused(lock);
      dueNanos = System.nanoTime() + EVERY_NANOS;
    }
  }

  /** Tries the lock, which somebody else holds. */
  void mustBeRefused(int lock) throws Exception {
    if (isLock && onOther(() -> tries(lock))) {
      stage.referee().report("lock " + lock + ": a second client was let in");
    }
  }

  /** Waits for the lock, which was released; a release that was none lets this time out. */
  void mustBeLetIn(int lock) throws Exception {
    if (isLock) {
      onOther(
          () -> {
            stage.contender().acquire(stage.order().name(lock)).release();
            return true;
          });
    }
  }

  long probes() {
    return probes;
  }

  @Override
  public void close() {
    other.shutdownNow();
  }

  private boolean onOther(Callable<Boolean> work) throws Exception {
    probes++;
    return other.submit(work).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private boolean tries(int lock) throws Exception {
    Optional<Held> held = stage.contender().tryAcquire(stage.order().name(lock));
    if (held.isPresent()) {
      held.get().release();
    }
    return held.isPresent();
  }
}
