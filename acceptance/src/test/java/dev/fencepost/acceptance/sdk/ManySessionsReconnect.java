package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link ReconnectStormTest} with ten thousand clients, the aim of docs/failures.md. Takes minutes
 * and gigabytes, so it is asked for by name: {@code -Dtest=ManySessionsReconnect}.
 */
class ManySessionsReconnect {
  /** Clients, each with a session, a lock and a waiting claim; {@code -Dfencepost.sessions}. */
  private static final int SESSIONS = Integer.getInteger("fencepost.sessions", 10_000);

  /** Clients that start together, so that the start is not a storm of its own. */
  private static final int STARTED_TOGETHER = 100;

  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** How the clients name the server; another name than the server's own is usual. */
  private static final String HOST = System.getProperty("fencepost.host", "127.0.0.1");

  @TempDir Path folder;
  private final Queue<String> lost = new ConcurrentLinkedQueue<>();
  private final Map<LockHandle, FencingToken> held = new ConcurrentHashMap<>();
  private final Map<LockHandle, Long> renewedNanos = new ConcurrentHashMap<>();
  private final List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
  private final List<FencepostClient> started = new ArrayList<>();
  private volatile long killedNanos;

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  void sessionsThatComeBackAtOnce_loseNoLock() throws Exception {
    try (ReplicaServer server =
            ReplicaServer.withHeap(
                "2g", "h2:" + folder.resolve("store"), "--limits.client-percent=100");
        ManyClients clients = new ManyClients(HOST + ":" + server.port(), LEASE)) {
      hold(clients);
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") == SESSIONS);
      print("before the kill", clients, server);
      held.keySet().forEach(each -> each.onRenewed(() -> recordRenewal(each)));

      killedNanos = System.nanoTime();
      server.kill();
      server.startAgain();
      print("ready again", clients, server);
      for (int i = 0; i < 600 && renewedNanos.size() + lost.size() < SESSIONS; i++) {
        TimeUnit.SECONDS.sleep(1);
        print("coming back", clients, server);
      }
      printDelays();
      assertThat(lost).isEmpty();
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") == SESSIONS);
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_sessions") == SESSIONS);
      held.forEach((handle, token) -> assertThat(handle.requireHeld()).isEqualTo(token));
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      started.parallelStream().forEach(FencepostClient::close);
    }
  }

  private void hold(ManyClients clients) throws Exception {
    for (int from = 0; from < SESSIONS; from += STARTED_TOGETHER) {
      List<CompletableFuture<LockHandle>> taken = new ArrayList<>();
      for (int i = from; i < Math.min(SESSIONS, from + STARTED_TOGETHER); i++) {
        FencepostClient client = clients.start(i);
        started.add(client);
        taken.add(client.lock("held-" + i).acquireAsync(PATIENCE));
      }
      for (CompletableFuture<LockHandle> each : taken) {
        LockHandle handle = each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        handle.onLost(loss -> lost.add(handle.name() + " after " + sinceKill() + ": " + loss));
        held.put(handle, handle.token());
      }
      for (FencepostClient client : started.subList(from, started.size())) {
        waiting.add(client.lock("held-0").acquireAsync(Duration.ofHours(1)));
      }
    }
  }

  private void recordRenewal(LockHandle handle) {
    if (killedNanos != 0) {
      renewedNanos.putIfAbsent(handle, System.nanoTime());
    }
  }

  private Duration sinceKill() {
    return Duration.ofNanos(killedNanos == 0 ? 0 : System.nanoTime() - killedNanos);
  }

  private void print(String moment, ManyClients clients, ReplicaServer server) {
    System.out.printf(
        "%s, %.1f s: %d renewed, %d lost, %d connections so far, %d sessions and %d waiters%n",
        moment,
        sinceKill().toMillis() / 1_000.0,
        renewedNanos.size(),
        lost.size(),
        clients.connections(),
        server.gauge("fencepost_sessions"),
        server.gauge("fencepost_waiters"));
  }

  private void printDelays() {
    List<Long> millis =
        renewedNanos.values().stream()
            .map(at -> TimeUnit.NANOSECONDS.toMillis(at - killedNanos))
            .sorted()
            .toList();
    if (!millis.isEmpty()) {
      System.out.printf(
          "first renewal after the kill, in ms: median %d, 99 %% %d, last %d%n",
          millis.get(millis.size() / 2),
          millis.get(millis.size() * 99 / 100),
          millis.get(millis.size() - 1));
    }
  }
}
