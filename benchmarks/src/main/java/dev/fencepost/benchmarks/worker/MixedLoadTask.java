package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The soak's load: locks of one thread, shared locks, and refused tries. A client that does not
 * renew also abandons locks, which end with their lease.
 */
final class MixedLoadTask implements WorkerTask {
  private static final int SHARED_LOCKS = 8;
  private static final int CLIENTS = 2;
  private static final int ABANDON_INTERVAL = 50;
  private static final long PAUSE_MILLIS = 20;

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    boolean renews = ContenderCatalogue.get(stage.order().contender()).is(ContenderTrait.RENEWS);
    return RetryingLoad.run(
        stage,
        () -> {},
        PAUSE_MILLIS,
        (thread, turn) -> {
          if (!renews && thread == 0 && turn % ABANDON_INTERVAL == 0) {
            stage.contender().tryAcquire(stage.order().lockName(0) + "/abandoned-" + turn % 100);
          }
          takeTurn(stage, thread, turn);
        });
  }

  private static void takeTurn(Stage stage, int thread, long turn) throws Exception {
    int lock = chooseLock(stage, thread, turn);
    Optional<TakenLock> taken =
        turn % 4 == 3
            ? stage.contender().tryAcquire(stage.order().lockName(lock))
            : Optional.of(stage.acquire(lock));
    if (taken.isPresent()) {
      stage.enter(lock, thread, taken.get());
      if (turn % 16 == 0) {
        Thread.sleep(ThreadLocalRandom.current().nextInt(3));
      }
      stage.leave(lock, thread, taken.get());
    }
  }

  /** Alternates between a lock that all clients share and a lock of this thread. */
  private static int chooseLock(Stage stage, int thread, long turn) {
    if (turn % 2 == 0) {
      return ThreadLocalRandom.current().nextInt(SHARED_LOCKS);
    }
    WorkerOrder.Load load = stage.load();
    int own = (load.locks() - SHARED_LOCKS) / (load.threads() * CLIENTS);
    int first = SHARED_LOCKS + ((load.worker() - 1) * load.threads() + thread) * own;
    return first + (int) (turn / 2 % own);
  }
}
