package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.GrantLoss;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** One replica that is reached under two addresses. */
class TwoAddressesTest {
  private static final int CLIENTS = Integer.getInteger("fencepost.rounds", 10);
  private static final int THREADS = 8;
  private static final int PAIRS = 50;

  /** Far more than the work takes, and less than the time after which a session is abandoned. */
  private static final Duration STALL = Duration.ofSeconds(10);

  private static final Duration TTL = Duration.ofSeconds(10);
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Queue<GrantLoss> losses = new ConcurrentLinkedQueue<>();

  @Test
  void twoSessionsAtOneReplica_waitForNothingAndLoseNothing() throws Exception {
    run(true);
  }

  @Test
  void replicaThatLeavesStreamsOpenAfterTheGoodbye_isNotWaitedFor() throws Exception {
    run(false);
  }

  private void run(boolean answersGoodbyes) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (AnsweringReplica replica = new AnsweringReplica(TTL)) {
      replica.answersGoodbyes = answersGoodbyes;
      for (int i = 0; i < CLIENTS; i++) {
        try (FencepostClient client = replica.client(new ClientBuilder("named:1"))) {
          LockHandle held = client.lock("held").acquire(LONG).onLost(losses::add);
          List<Future<?>> load = new ArrayList<>();
          for (int j = 0; j < THREADS; j++) {
            int thread = j;
            load.add(threads.submit(() -> work(client, thread)));
          }
          for (Future<?> each : load) {
            each.get(STALL.toSeconds(), TimeUnit.SECONDS);
          }
          assertThat(held.isHeld()).isTrue();
        }
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(losses).isEmpty();
  }

  private static Void work(FencepostClient client, int thread) throws InterruptedException {
    for (int i = 0; i < PAIRS; i++) {
      client.lock("lock/" + thread + "/" + i).acquire(LONG).release();
    }
    return null;
  }
}
