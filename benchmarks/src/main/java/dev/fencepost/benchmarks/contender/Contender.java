package dev.fencepost.benchmarks.contender;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A client of some lock, as an application has one: for the whole process, used by many threads.
 */
public interface Contender extends AutoCloseable {

  /** Takes the lock, however long that takes. Released by the thread that took it. */
  Held acquire(String lock) throws Exception;

  /** Takes the lock if it is free. */
  Optional<Held> tryAcquire(String lock) throws Exception;

  /** Takes the lock without a thread that waits, for those that can. */
  default CompletionStage<Held> acquireLater(String lock) {
    throw new UnsupportedOperationException("each waiter is a thread");
  }

  @Override
  void close();
}
