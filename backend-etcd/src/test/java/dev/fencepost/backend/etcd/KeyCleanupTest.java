package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Names that are no longer used cost nothing. */
final class KeyCleanupTest {
  private static final int NAMES = 100_000;

  /** Enough to fill the batches, with leases for all of them. */
  private static final int CALLERS = 600;

  private static final Map<String, String> OPTIONS = Map.of("idle-leases", "1000");

  /** Long, because nothing is retried here, and other work may run on this machine. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);

  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void hundredThousandNames_leaveNoKeysAndNoLeases() {
    String uri = ETCD.uri("leftovers");
    try (EtcdTestClient client = new EtcdTestClient(uri)) {
      StoreSettings settings = new StoreSettings(uri, CALL_TIMEOUT, OPTIONS);
      try (EtcdTestReplica replica = new EtcdTestReplica(settings)) {
        AtomicInteger next = new AtomicInteger();
        CompletableFuture<?>[] callers = new CompletableFuture<?>[CALLERS];
        for (int i = 0; i < CALLERS; i++) {
          callers[i] = useSome(replica, next).toCompletableFuture();
        }
        CompletableFuture.allOf(callers).join();
        assertThat(next.get()).isGreaterThanOrEqualTo(NAMES);
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> client.all(ByteString.copyFromUtf8("leftovers/")).size() == 2);
      // The token base and the store's id.
      assertThat(client.all(client.schema.tokenBase())).hasSize(1);
      assertThat(client.all(client.schema.storeId())).hasSize(1);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> ETCD.etcdctl("lease", "list").contains("found 0 leases"));
    }
  }

  private static CompletionStage<Boolean> useSome(EtcdTestReplica replica, AtomicInteger next) {
    int name = next.getAndIncrement();
    if (name >= NAMES) {
      return CompletableFuture.completedStage(true);
    }
    return replica
        .backend()
        .tryAcquire(claim("leftovers/" + name), QueueIntent.NONE)
        .thenCompose(attempt -> replica.backend().release(commandOf(attempt)))
        .thenComposeAsync(
            released -> {
              assertThat(released).isEqualTo(new Release.Released());
              return useSome(replica, next);
            });
  }

  private static ReleaseCommand commandOf(Attempt attempt) {
    return ReleaseCommand.of(EtcdTestReplica.granted(attempt).ref());
  }
}
