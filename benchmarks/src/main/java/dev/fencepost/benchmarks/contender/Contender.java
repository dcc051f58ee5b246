package dev.fencepost.benchmarks.contender;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** A lock client as an application uses it: one for the process, shared by many threads. */
public interface Contender extends AutoCloseable {

  /** Waits for the lock without a limit. The thread that took it releases it. */
  TakenLock acquire(String lock) throws Exception;

  /** Takes the lock if it is free. */
  Optional<TakenLock> tryAcquire(String lock) throws Exception;

  /** Waits for the lock without a waiting thread. Only asynchronous contenders can. */
  default CompletionStage<TakenLock> acquireLater(String lock) {
    throw new UnsupportedOperationException("each waiter is a thread");
  }

  @Override
  void close();
}
