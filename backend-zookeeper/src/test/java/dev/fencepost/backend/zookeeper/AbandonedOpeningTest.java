package dev.fencepost.backend.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.TestReplica.UnopenedReplica;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Attempts to open that fail or are closed while nobody answers. */
final class AbandonedOpeningTest {
  /** Far beyond the patience of the test, so that nothing ends by a timeout. */
  private static final Duration ENDLESS = Duration.ofMinutes(1);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Replica SELF =
      new Replica(ReplicaId.of(1), "nowhere:1", Replica.Phase.SERVING);

  @Test
  void closedWhileNobodyAnswers_endsTheAttemptAndItsThreads() throws IOException {
    Set<Thread> before = ownThreads();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      UnopenedReplica replica =
          new UnopenedReplica(
              new StoreSettings(
                  "zookeeper://127.0.0.1:" + silent.getLocalPort() + "/silent",
                  ENDLESS,
                  Map.of("session-timeout", "5m")));
      CompletableFuture<StoreInfo> opening = replica.open().toCompletableFuture();
      silent.accept().getInputStream().readNBytes(4); // the client waits for an answer now
      replica.close();
      assertThat(opening).isCompletedExceptionally();
      await().atMost(PATIENCE).until(() -> before.containsAll(ownThreads()));
    }
  }

  @Test
  void storeThatCannotBeMade_leavesNoThread() {
    Set<Thread> before = ownThreads();
    Random broken =
        new Random() {
          @Override
          public long nextLong() {
            throw new IllegalStateException("no randomness");
          }
        };
    ZookeeperBackend backend =
        new ZookeeperBackend(
            ZookeeperSettings.of(StoreSettings.of("zookeeper://127.0.0.1:1/none")), broken);
    assertThatThrownBy(() -> backend.open(SELF, lock -> {})).hasMessage("no randomness");
    await().atMost(PATIENCE).until(() -> before.containsAll(ownThreads()));
  }

  private static Set<Thread> ownThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(
            thread ->
                thread.getName().startsWith("fencepost-")
                    || thread.getName().contains("-SendThread")
                    || thread.getName().contains("-EventThread")
                    || thread.getName().startsWith("Curator-"))
        .collect(Collectors.toSet());
  }
}
