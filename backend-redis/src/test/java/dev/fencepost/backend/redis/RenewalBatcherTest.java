package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadlines;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Renewals of a bucket in which a batch could not be sent. */
final class RenewalBatcherTest {
  private static final GrantRef GRANT =
      new GrantRef(
          new LockName("orders/42"), new ClaimId("g5K8sW3c0_j3r8VpgMfQ1w"), new FencingToken(7));

  private final AtomicInteger sent = new AtomicInteger();

  @Test
  void batchThatCannotBeSent_failsItsRenewals_andTheNextOnesAreSent() {
    try (CallDeadlines deadlines = new CallDeadlines("test-deadlines", error -> {})) {
      RenewalBatcher batcher =
          new RenewalBatcher(new FaultyConnections().runner(deadlines), deadlines, 10);

      assertFailed(batcher.renew(GRANT), Failure.STORE_ERROR);
      assertFailed(batcher.renew(GRANT), Failure.STORE_UNREACHABLE);
    }
  }

  private static void assertFailed(CompletionStage<Renewal> renewal, Failure failure) {
    assertThat(renewal.toCompletableFuture()).as("a renewal that is never sent").isDone();
    assertThatThrownBy(() -> answer(renewal))
        .isInstanceOfSatisfying(
            StoreException.class, error -> assertThat(error.failure()).isEqualTo(failure));
  }

  private final class FaultyConnections extends BrokenConnections {
    @Override
    public RedisClusterAsyncCommands<byte[], byte[]> commands() {
      if (sent.incrementAndGet() == 1) {
        throw new IllegalStateException("a fault while the batch is sent");
      }
      return super.commands();
    }
  }
}
