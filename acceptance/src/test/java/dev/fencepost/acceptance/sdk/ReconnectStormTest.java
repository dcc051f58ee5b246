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
import org.junit.jupiter.api.io.TempDir;

/**
 * All clients of a server that is killed come back at once, each with a lock to renew and a claim
 * that waits. {@value #CLIENTS} of them, each with its own connection and session: as many as one
 * JVM with their threads bears beside the server on two busy cores.
 */
class ReconnectStormTest {
  private static final int CLIENTS = 400;
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path folder;
  private final List<FencepostClient> clients = new ArrayList<>();

  @Test
  void hundredsOfSessionsThatComeBackAtOnce_loseNoLock() throws Exception {
    try (ReplicaServer server =
        ReplicaServer.on("h2:" + folder.resolve("store"), "--limits.client-percent=100")) {
      Queue<String> lost = new ConcurrentLinkedQueue<>();
      Map<LockHandle, FencingToken> held = hold(server, lost);
      List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
      for (FencepostClient client : clients) {
        waiting.add(client.lock("held-0").acquireAsync(Duration.ofMinutes(5)));
      }
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") == CLIENTS);

      server.kill();
      ConcurrentHashMap.KeySetView<String, Boolean> renewed = ConcurrentHashMap.newKeySet();
      held.keySet().forEach(each -> each.onRenewed(() -> renewed.add(each.name())));
      server.startAgain();

      await().atMost(PATIENCE).until(() -> renewed.size() == CLIENTS);
      await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") == CLIENTS);
      assertThat(lost).isEmpty();
      held.forEach((handle, token) -> assertThat(handle.requireHeld()).isEqualTo(token));
      assertThat(waiting).noneMatch(CompletableFuture::isDone);
      clients.parallelStream().forEach(FencepostClient::close);
    }
  }

  private Map<LockHandle, FencingToken> hold(ReplicaServer server, Queue<String> lost)
      throws Exception {
    Map<LockHandle, FencingToken> held = new ConcurrentHashMap<>();
    List<CompletableFuture<LockHandle>> taken = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      FencepostClient client =
          FencepostClient.builder("localhost:" + server.port()).owner("storm-" + i).build();
      clients.add(client);
      taken.add(client.lock("held-" + i).withTtl(LEASE).acquireAsync(PATIENCE));
    }
    for (CompletableFuture<LockHandle> each : taken) {
      LockHandle handle = each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      handle.onLost(loss -> lost.add(handle.name() + ": " + loss));
      held.put(handle, handle.token());
    }
    return held;
  }
}
