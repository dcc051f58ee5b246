package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.testkit.model.ModelServer;
import java.time.Duration;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A drain and an acquire at the same moment, on real threads. */
final class DrainRaceTest {
  private static final int LEAST_ROUNDS = 2_000;
  private static final Duration ENOUGH = Duration.ofSeconds(4);
  private static final LockName LOCK = new LockName("orders/42");

  @Test
  void acquireThatMeetsADrain_isSentAwayAndNotForgotten() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      long begin = System.nanoTime();
      for (int round = 0;
          round < LEAST_ROUNDS || System.nanoTime() - begin < ENOUGH.toNanos();
          round++) {
        meet(threads, round);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static void meet(ExecutorService threads, int round) throws Exception {
    LockCoordinator replica =
        new LockCoordinator(
            ModelServer.direct().newBackend(),
            new Replica(ReplicaId.of(1), "here:1", Replica.Phase.SERVING),
            CoordinatorSettings.DEFAULT,
            new NoTimers(),
            new Random(round));
    replica.open();
    replica.acquire(order("holder", round, Duration.ZERO));
    AtomicInteger ready = new AtomicInteger();
    Future<PendingAcquire> waiter =
        threads.submit(
            () -> {
              meetAt(ready, round % 64);
              return replica.acquire(order("waiter", round, Duration.ofMinutes(1)));
            });
    Future<?> drain =
        threads.submit(
            () -> {
              meetAt(ready, round / 64 % 64);
              return replica.drain();
            });
    drain.get();
    assertThat(waiter.get().answer().toCompletableFuture())
        .as("round %d", round)
        .isCompletedExceptionally();
  }

  /** Waits for the other thread, and a little longer, so that all ways to interleave come up. */
  private static void meetAt(AtomicInteger ready, int spins) {
    ready.incrementAndGet();
    while (ready.get() < 2) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < spins; i++) {
      Thread.onSpinWait();
    }
  }

  private static AcquireCommand order(String who, int round, Duration maxWait) {
    ClaimId id = new ClaimId(String.format(Locale.ROOT, "%s-%022d", who, round));
    Claim claim = new Claim(LOCK, id, Lease.of(Duration.ofSeconds(10)), Claimant.named(who));
    return new AcquireCommand(claim, maxWait, Duration.ZERO, who);
  }

  /** Timers that never fire. */
  private static final class NoTimers implements TimerService {
    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
      return () -> {};
    }
  }
}
