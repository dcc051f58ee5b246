package dev.fencepost.junit;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** A user's code that holds a lock for as long as it works. */
final class Shipment {
  private static final Duration WAIT = Duration.ofSeconds(20);

  /** How it ended. */
  enum Result {
    SENT,
    STOPPED
  }

  /** Begins to work; the lock is held when this returns. */
  CompletableFuture<Result> start(FencepostClient client, String order) throws Exception {
    LockHandle lock = client.lock(order).acquire(WAIT);
    CompletableFuture<Result> result = new CompletableFuture<>();
    CountDownLatch sent = new CountDownLatch(1);
    Thread worker =
        new Thread(
            () -> {
              try (lock) {
                sent.await();
                result.complete(Result.SENT);
              } catch (InterruptedException | LockLostException e) {
                result.complete(Result.STOPPED);
              }
            });
    lock.onLost(loss -> worker.interrupt());
    worker.start();
    return result;
  }
}
