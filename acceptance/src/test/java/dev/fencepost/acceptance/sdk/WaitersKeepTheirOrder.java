package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Those who wait keep their places while every replica is restarted. Asked for by name: {@code
 * -Dtest=WaitersKeepTheirOrder}.
 */
class WaitersKeepTheirOrder {
  private static final int WAITERS = 200;
  private static final int CLIENTS = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /**
   * The places of those who go elsewhere are told by how long they have waited, so they are as
   * exact as messages of different clients are equally fast; on a busy machine no better than this.
   */
  private static final long INEXACT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void rollingRestart_letsOneInAHundredBeOvertakenAtMost() throws Exception {
    List<FencepostClient> clients = new ArrayList<>();
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer c = ReplicaServer.on(DATABASE.jdbcUri())) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(FencepostClient.connect(ReplicasThatDie.target(a, b, c)));
      }
      LockHandle holder = clients.get(0).lock("line").acquire(PATIENCE);
      List<Integer> served = new CopyOnWriteArrayList<>();
      List<Long> begun = new ArrayList<>();
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        int number = i;
        int expected = i + 1;
        begun.add(System.nanoTime());
        all.add(
            clients
                .get(i % CLIENTS)
                .lock("line")
                .acquireAsync(Duration.ofMinutes(10))
                .thenAccept(
                    handle -> {
                      served.add(number);
                      handle.close();
                    }));
        await()
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(1))
            .until(() -> waiters(List.of(a, b, c)) == expected);
      }
      for (ReplicaServer server : List.of(a, b, c)) {
        server.terminate();
        server.startAgain();
      }
      await().atMost(PATIENCE).until(() -> waiters(List.of(a, b, c)) == WAITERS);
      holder.close();
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();

      assertThat(served).hasSize(WAITERS);
      assertThat(begun.get(WAITERS - 1) - begun.get(0)).isGreaterThan(4 * INEXACT_NANOS);
      assertThat(overtaken(served.stream().map(begun::get).toList()))
          .as("overtaken in %s", served)
          .isLessThanOrEqualTo(WAITERS / 100);
    } finally {
      clients.forEach(FencepostClient::close);
    }
  }

  /** How many were served after one that had come clearly later. */
  private static long overtaken(List<Long> begunNanos) {
    long latest = Long.MIN_VALUE;
    long overtaken = 0;
    for (long begun : begunNanos) {
      if (begun + INEXACT_NANOS < latest) {
        overtaken++;
      }
      latest = Math.max(latest, begun);
    }
    return overtaken;
  }

  private static int waiters(List<ReplicaServer> servers) {
    return servers.stream().mapToInt(server -> server.gauge("fencepost_waiters")).sum();
  }
}
