package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.LossReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Ten thousand handles in one client. */
class ManyLocksTest {
  private static final int LOCKS = 10_000;
  private static final Duration LONG = Duration.ofMinutes(1);

  @Test
  void tenThousandHandles_costOneStreamAndNoThreads() throws Exception {
    Counts counts = new Counts();
    try (TestCluster cluster = TestCluster.of(1);
        FencepostClient client =
            FencepostClient.builder(cluster.target())
                .ttl(Duration.ofSeconds(6))
                .metrics(counts)
                .build()) {
      client.lock("first").acquire(LONG).close();
      int threads = Thread.activeCount();
      List<CompletableFuture<LockHandle>> claims = new ArrayList<>();
      for (int i = 0; i < LOCKS; i++) {
        claims.add(client.lock("lock/" + i).acquireAsync(LONG));
      }
      List<LockHandle> locks = new ArrayList<>();
      for (CompletableFuture<LockHandle> claim : claims) {
        locks.add(claim.get(60, TimeUnit.SECONDS));
      }
      int before = counts.renewed.get();
      await().atMost(LONG).until(() -> counts.renewed.get() - before >= 3 * LOCKS);

      assertThat(locks).allMatch(LockHandle::isHeld);
      assertThat(counts.lost).hasValue(0);
      assertThat(cluster.sessions()).containsOnly(1);
      // There are at most sixteen callback threads, and the server is in this process, too.
      assertThat(Thread.activeCount() - threads).isLessThan(60);
      locks.forEach(LockHandle::close);
    }
  }

  private static final class Counts implements ClientMetrics {
    private final AtomicInteger renewed = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();

    @Override
    public void renewalEnded(String outcome) {
      if (outcome.equals("renewed")) {
        renewed.incrementAndGet();
      }
    }

    @Override
    public void lockLost(LossReason reason) {
      lost.incrementAndGet();
    }
  }
}
