package dev.fencepost.acceptance.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.LiveHeap;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.testkit.history.CallRecorder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a claim costs a server while it waits. */
class WaiterMemoryTest {
  private static final int WAITERS = 100_000;
  private static final int PER_MESSAGE = 200;
  private static final int LOCKS = 100;
  private static final int MOST_BYTES = 1024;
  private static final int FAT_WAITERS = 48_000;
  private static final int FAT_PER_MESSAGE = 12;
  private static final String FAT = "v".repeat(120);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path folder;

  @Test
  void claimThatWaitsOnASession_costsAKibibyteAtMost() throws IOException {
    try (ReplicaServer server =
            ReplicaServer.on(
                "h2:" + folder.resolve("store"),
                "--limits.memory-percent=80",
                "--limits.client-percent=100");
        RecordedClient caller = new RecordedClient(server.port(), CallRecorder.inMemory())) {
      for (int lock = 0; lock < LOCKS; lock++) {
        caller.take(ClaimAttempt.on("lock-" + lock, Duration.ofMinutes(5)));
      }
      SessionStream session = new SessionStream(caller.channel());
      send(session, 0, WAITERS / 10);
      awaitWaiters(server, WAITERS / 10);
      long before = LiveHeap.bytes(server.pid());

      send(session, WAITERS / 10, WAITERS);
      awaitWaiters(server, WAITERS);
      long each = (LiveHeap.bytes(server.pid()) - before) / (WAITERS - WAITERS / 10);

      assertThat(session.isEnded()).isFalse();
      System.out.println("a waiting claim costs " + each + " bytes of heap");
      assertThat(each).as("bytes for each waiting claim").isBetween(100L, (long) MOST_BYTES);
    }
  }

  @Test
  void claimsWithTheMostMetadata_areRefusedBeforeTheyEndTheServer() throws Exception {
    try (ReplicaServer server = ReplicaServer.on("h2:" + folder.resolve("store"));
        RecordedClient caller = new RecordedClient(server.port(), CallRecorder.inMemory())) {
      ClaimAttempt held = ClaimAttempt.on("lock-0", Duration.ofMinutes(5));
      long token = caller.take(held);
      SessionStream session = new SessionStream(caller.channel());
      for (int next = 0; next < FAT_WAITERS; next += FAT_PER_MESSAGE) {
        List<Operation.Builder> operations = new ArrayList<>();
        for (int i = 0; i < FAT_PER_MESSAGE; i++) {
          operations.add(Operation.newBuilder().setAcquire(fat("lock-0")));
        }
        session.send(operations);
      }
      await()
          .atMost(PATIENCE)
          .until(() -> session.results().size() + server.gauge("fencepost_waiters") == FAT_WAITERS);

      assertThat(session.isEnded()).isFalse();
      assertThat(session.results().values())
          .hasSizeGreaterThan(FAT_WAITERS / 2)
          .allSatisfy(
              result -> assertThat(result.getFailure().getReason()).isEqualTo("OVER_LIMIT"));
      assertThat(server.gauge("fencepost_waiters")).isGreaterThan(1_000);
      assertThat(caller.renew(held, token).get(10, TimeUnit.SECONDS).hasRenewed()).isTrue();
    }
  }

  private static AcquireRequest fat(String lock) {
    AcquireRequest.Builder request = waiting(0).toBuilder().setName(lock);
    for (int i = 0; i < 32; i++) {
      request.putMetadata("key-" + i, FAT);
    }
    return request.build();
  }

  private static void send(SessionStream session, int from, int to) {
    for (int next = from; next < to; next += PER_MESSAGE) {
      List<Operation.Builder> operations = new ArrayList<>();
      for (int i = next; i < next + PER_MESSAGE; i++) {
        operations.add(Operation.newBuilder().setAcquire(waiting(i)));
      }
      session.send(operations);
    }
  }

  private static AcquireRequest waiting(int number) {
    return AcquireRequest.newBuilder()
        .setName("lock-" + number % LOCKS)
        .setClaimId(ClaimAttempt.on("any", Duration.ofMinutes(5)).id())
        .setTtl(RecordedClient.wire(Duration.ofMinutes(5)))
        .setWait(RecordedClient.wire(Duration.ofHours(1)))
        .setOwner(String.format(Locale.ROOT, "%0100d", number))
        .build();
  }

  private static void awaitWaiters(ReplicaServer server, int expected) {
    await().atMost(PATIENCE).until(() -> server.gauge("fencepost_waiters") == expected);
  }
}
