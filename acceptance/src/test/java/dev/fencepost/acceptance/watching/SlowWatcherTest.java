package dev.fencepost.acceptance.watching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.LiveHeap;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A watcher that reads nothing while the locks change thousands of times. */
class SlowWatcherTest {

  private static final int ROUNDS = 50;
  private static final int CLIENTS = 10;
  private static final long MIB = 1024 * 1024;
  private static final Duration LEASE = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Makes every state big, so that one kept too many would be seen. */
  private static final String METADATA = "m".repeat(4_000);

  private static final List<String> LOCKS =
      IntStream.range(0, 100).mapToObj(number -> "slow-" + number).toList();

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void watcherThatDoesNotRead_costsAMebibyteAndThenGetsTheNewest() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try (ReplicaServer server = ReplicaServer.on(DATABASE.jdbcUri());
        RecordedClient caller = new RecordedClient(server.port(), CallRecorder.inMemory());
        RecordedClient slow = new RecordedClient(server.port(), CallRecorder.inMemory())) {
      warmUp(clients, server, caller);
      long before = LiveHeap.bytes(server.pid());

      RecordingWatcher watcher = RecordingWatcher.of(slow.channel(), LOCKS);
      change(clients, caller, ROUNDS);
      Map<String, WatchedState> last = new HashMap<>();
      for (String lock : LOCKS) {
        take(caller, ClaimAttempt.on(lock, LEASE));
        last.put(lock, WatchedState.of(caller.look(lock)));
      }

      assertThat(watcher.bytes()).as("nothing was read").isZero();
      // What the server is just done with goes by itself; what a watcher keeps, while it does not
      // read, stays.
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(LiveHeap.bytes(server.pid()) - before)
                      .as("bytes kept")
                      .isLessThan(MIB));

      watcher.read();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(last)
                      .allSatisfy(
                          (lock, sight) ->
                              assertThat(WatchedState.of(watcher.newest(lock))).isEqualTo(sight)));
      assertThat(watcher.faults()).isEmpty();
      assertThat(watcher.bytes())
          .as("sent in all, of 10,000 changes of 4 kB each")
          .isLessThan(2 * MIB);
    } finally {
      clients.shutdownNow();
    }
  }

  /** Everything has been used once, a watch too, before the heap is looked at. */
  private static void warmUp(ExecutorService clients, ReplicaServer server, RecordedClient caller)
      throws InterruptedException, ExecutionException {
    try (RecordedClient reading = new RecordedClient(server.port(), CallRecorder.inMemory())) {
      RecordingWatcher watcher = RecordingWatcher.of(reading.channel(), LOCKS);
      watcher.read();
      change(clients, caller, ROUNDS);
      await().atMost(PATIENCE).until(watcher::isSynced);
    }
  }

  /** Takes and releases each lock so many times: two changes each. */
  private static void change(ExecutorService clients, RecordedClient caller, int rounds)
      throws InterruptedException, ExecutionException {
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int first = i;
      all.add(
          clients.submit(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  for (int lock = first; lock < LOCKS.size(); lock += CLIENTS) {
                    ClaimAttempt claim = ClaimAttempt.on(LOCKS.get(lock), LEASE);
                    caller.release(claim, take(caller, claim)).join();
                  }
                }
              }));
    }
    for (Future<?> each : all) {
      each.get();
    }
  }

  private static long take(RecordedClient caller, ClaimAttempt claim) {
    return caller
        .locks()
        .acquire(
            AcquireRequest.newBuilder()
                .setName(claim.lock())
                .setClaimId(claim.id())
                .setTtl(RecordedClient.wire(claim.ttl()))
                .putMetadata("m", METADATA)
                .build())
        .getGranted()
        .getFencingToken();
  }
}
