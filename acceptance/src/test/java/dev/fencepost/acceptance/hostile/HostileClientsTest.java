package dev.fencepost.acceptance.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.LiveHeap;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attacks over real TCP on a server with its default configuration and a heap of 256 MiB. Beside
 * each one a client of another address acquires, releases and renews. All of its calls succeed, and
 * afterwards nothing is left. How long its calls took is printed and decides nothing.
 *
 * <p>With {@code -Dfencepost.hostile=full} the attacks are ten times as large.
 */
class HostileClientsTest {
  private static final int SCALE = "full".equals(System.getProperty("fencepost.hostile")) ? 10 : 1;
  private static final String LOCKS = "fencepost.v1.LockService/";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int QUIET_CALLS = 2_000;
  private static final int MIB = 1024 * 1024;

  /** Live heap of the server that an attack may leave behind: caches, compiled code, classes. */
  private static final long LEFT_BYTES = 10L * MIB;

  /** A quarter of the heap and what the server uses of itself. */
  private static final long MAX_DIRECT_BYTES = 64L * MIB;

  @TempDir Path folder;
  private final List<Closeable> attackers = new ArrayList<>();
  private final Random random = new Random(20);
  private ReplicaServer server;
  private PairClient good;
  private long heapBefore;

  @BeforeEach
  void start() throws Exception {
    server = ReplicaServer.on("h2:" + folder.resolve("store"));
    good = new PairClient(server.port());
    awaitCalls(QUIET_CALLS / 2);
    good.report();
    awaitCalls(QUIET_CALLS);
    System.out.println("quiet: " + good.report());
    heapBefore = LiveHeap.bytes(server.pid());
    good.report();
  }

  @AfterEach
  void stop() throws Exception {
    for (Closeable each : attackers) {
      each.close();
    }
    good.close();
    server.close();
  }

  private void awaitCalls(int count) {
    await().atMost(PATIENCE).until(() -> good.calls() >= count || good.failure().isPresent());
    assertThat(good.failure()).isEmpty();
  }

  private <T extends Closeable> T keep(T attacker) {
    attackers.add(attacker);
    return attacker;
  }

  private FrameSocket open() throws Exception {
    return keep(FrameSocket.open(server.port()));
  }

  /** Checks the server while the attack lasts, and after it has gone. */
  private void assertUnharmed(String attack) throws Exception {
    int connections = server.gauge("fencepost_connections");
    long during = LiveHeap.bytes(server.pid()) - heapBefore;
    System.out.printf(
        "%s: %s; %d connections, live heap %+d KiB, direct %d KiB%n",
        attack, good.report(), connections, during / 1024, direct() / 1024);
    awaitCalls(30);
    assertThat(server.status("/livez")).isEqualTo(200);
    for (Closeable each : attackers) {
      each.close();
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_connections") == 1);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(server.gauge("fencepost_sessions")).isZero();
              assertThat(server.gauge("fencepost_waiters")).isZero();
              assertThat(server.gauge("fencepost_arriving_bytes")).isZero();
              assertThat(LiveHeap.bytes(server.pid()) - heapBefore).isLessThan(LEFT_BYTES);
            });
    good.report();
    awaitCalls(QUIET_CALLS / 10);
    System.out.printf("%s, after: %s%n", attack, good.report());
    assertThat(good.failure()).isEmpty();
    assertThat(server.readLog()).doesNotContain("OutOfMemoryError").doesNotContain("OutOfDirect");
  }

  private long direct() {
    return server.gauge("jvm_buffer_memory_used_bytes{id=\"direct\"}");
  }

  @Test
  void connectionsThatNeverSend_areClosed() throws Exception {
    for (int i = 0; i < 100 * SCALE; i++) {
      keep(FrameSocket.connect(server.port()));
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_connections") > 1);

    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_connections") == 1);

    assertUnharmed("connections that never send");
  }

  @Test
  void streamsOpenedAndReset_costNobodyElse() throws Exception {
    int left = 10_000 * SCALE;
    while (left > 0) {
      FrameSocket socket = open();
      try {
        for (; left > 0 && !socket.isClosed(); left--) {
          socket.reset(socket.call(LOCKS + "Acquire"));
        }
      } catch (IOException e) {
        assertThat(socket.isClosed() || e.getMessage() != null).isTrue();
      }
    }

    assertUnharmed("streams opened and reset");
  }

  @Test
  void largestMessagesWithoutTheirEnd_areBounded() throws Exception {
    List<FrameSocket> sockets = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      sockets.add(open());
    }
    for (int i = 0; i < 4_000 * SCALE; i++) {
      FrameSocket socket = sockets.get(i % sockets.size());
      socket.messageWithoutEnd(socket.call(LOCKS + "Acquire"), 60_000);
    }

    assertThat(direct()).isLessThan(MAX_DIRECT_BYTES);
    assertUnharmed("messages without their end");
  }

  @Test
  void messagesInSingleBytes_areBounded() throws Exception {
    for (int i = 0; i < 4; i++) {
      FrameSocket socket = open();
      try {
        for (int j = 0; j < 2 * SCALE; j++) {
          socket.messageInBytes(socket.call(LOCKS + "Acquire"), 60_000);
        }
      } catch (IOException e) {
        System.out.println("a sender of single bytes was cut off: " + e.getMessage());
      }
    }

    assertThat(LiveHeap.bytes(server.pid()) - heapBefore).isLessThan(MAX_DIRECT_BYTES / 2);
    assertUnharmed("messages in single bytes");
  }

  @Test
  void watchersThatNeverRead_costNobodyElse() throws Exception {
    WatchLocksRequest request = WatchLocksRequest.newBuilder().addNames("good/pair").build();
    for (int i = 0; i < 20; i++) {
      FrameSocket socket = open();
      socket.stopReading();
      for (int j = 0; j < 10 * SCALE; j++) {
        socket.message(socket.call(LOCKS + "WatchLocks"), request, true);
      }
    }
    good.report();
    awaitCalls(QUIET_CALLS);

    assertUnharmed("watchers that never read");
  }

  @Test
  void otherProtocols_areClosed() throws Exception {
    byte[] noise = new byte[1000];
    for (int i = 0; i < 20 * SCALE; i++) {
      random.nextBytes(noise);
      write(keep(FrameSocket.connect(server.port())), noise);
      write(
          keep(FrameSocket.connect(server.port())),
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      write(
          keep(FrameSocket.connect(server.port())),
          new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3});
    }

    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_connections") == 1);
    assertUnharmed("other protocols");
  }

  private static void write(Socket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      System.out.println("closed at once: " + e.getMessage());
    }
  }

  @Test
  void headersWithoutTheirEnd_areClosed() throws Exception {
    for (int i = 0; i < 20 * SCALE; i++) {
      open().callWithoutEnd();
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_connections") == 1);

    assertUnharmed("headers without their end");
  }

  @Test
  void sessionsOfOneAddress_leaveRoomForOthers() throws Exception {
    SessionRequest hello = SessionRequest.newBuilder().setHello(Hello.getDefaultInstance()).build();
    FrameSocket socket = open();
    for (int i = 0; i < 1000 * SCALE; i++) {
      if (i % 500 == 0) {
        socket = open();
      }
      socket.message(socket.call("fencepost.v1.SessionService/Session"), hello, false);
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_sessions") >= 500);

    assertUnharmed("sessions of one address");
  }

  @Test
  void sessionThatReadsNoResults_isEnded() throws Exception {
    FrameSocket socket = open();
    socket.stopReading();
    int stream = socket.call("fencepost.v1.SessionService/Session");
    socket.message(
        stream, SessionRequest.newBuilder().setHello(Hello.getDefaultInstance()).build(), false);
    long id = 0;
    try {
      for (int i = 0; i < 1000 * SCALE; i++) {
        SessionRequest.Builder request = SessionRequest.newBuilder();
        for (int j = 0; j < 100; j++) {
          request.addOperations(Operation.newBuilder().setId(++id).setRenew(renewal()).build());
        }
        socket.message(stream, request.build(), false);
      }
    } catch (IOException e) {
      System.out.println("after " + id + " operations: " + e.getMessage());
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_sessions") == 0);

    assertUnharmed("a session that reads no results");
  }

  @Test
  void guessedClaims_freeAndRenewNothing() throws Exception {
    FrameSocket socket = open();
    for (int i = 0; i < 5_000 * SCALE; i++) {
      socket.message(socket.call(LOCKS + "Renew"), renewal(), true);
      ReleaseRequest release =
          ReleaseRequest.newBuilder().setName("good/held").setClaimId(claimId()).build();
      socket.message(socket.call(LOCKS + "Release"), release, true);
    }
    FrameSocket last = socket;
    await().atMost(PATIENCE).until(() -> last.endedStreams() >= 10_000L * SCALE);

    assertUnharmed("guessed claims");
  }

  private String claimId() {
    return String.format(Locale.ROOT, "%016x%016x", random.nextLong(), random.nextLong());
  }

  private RenewRequest renewal() {
    return RenewRequest.newBuilder()
        .setGrant(
            GrantRef.newBuilder()
                .setName("good/held")
                .setClaimId(claimId())
                .setFencingToken(1 + random.nextInt(1000)))
        .build();
  }

  @Test
  void waitersOfOneAddress_leaveRoomForOthers() throws Exception {
    FrameSocket socket = open();
    for (int i = 0; i < 2_000 * SCALE; i++) {
      AcquireRequest claim =
          AcquireRequest.newBuilder()
              .setName("good/held")
              .setClaimId(claimId())
              .setWait(RecordedClient.wire(Duration.ofHours(1)))
              .setTtl(RecordedClient.wire(Duration.ofMinutes(1)))
              .putMetadata("key", "v".repeat(100))
              .build();
      socket.message(socket.call(LOCKS + "Acquire"), claim, true);
    }
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") > 1_000);

    assertUnharmed("waiters of one address");
  }
}
