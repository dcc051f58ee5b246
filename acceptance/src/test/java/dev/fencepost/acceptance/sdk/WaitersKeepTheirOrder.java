package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.world.Server;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
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

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void rollingRestart_letsOneInAHundredBeOvertakenAtMost() throws Exception {
    List<FencepostClient> clients = new ArrayList<>();
    try (Server a = Server.on(DATABASE.jdbcUri());
        Server b = Server.on(DATABASE.jdbcUri());
        Server c = Server.on(DATABASE.jdbcUri())) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(FencepostClient.connect(ReplicasThatDie.target(a, b, c)));
      }
      LockHandle holder = clients.get(0).lock("line").acquire(PATIENCE);
      List<Integer> served = new CopyOnWriteArrayList<>();
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        int number = i;
        int expected = i + 1;
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
      for (Server server : List.of(a, b, c)) {
        server.terminate();
        server.startAgain();
      }
      await().atMost(PATIENCE).until(() -> waiters(List.of(a, b, c)) == WAITERS);
      holder.close();
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();

      assertThat(served).hasSize(WAITERS);
      assertThat(overtaken(served))
          .as("overtaken in %s", served)
          .isLessThanOrEqualTo(WAITERS / 100);
    } finally {
      clients.forEach(FencepostClient::close);
    }
  }

  /** How many were served after one that had come later. */
  private static long overtaken(List<Integer> served) {
    int latest = -1;
    long overtaken = 0;
    for (int number : served) {
      if (number < latest) {
        overtaken++;
      }
      latest = Math.max(latest, number);
    }
    return overtaken;
  }

  private static int waiters(List<Server> servers) {
    return servers.stream().mapToInt(server -> server.gauge("fencepost_waiters")).sum();
  }
}
