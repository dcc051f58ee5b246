package dev.fencepost.acceptance.watching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ListLocksResponse;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Random operations through two replicas, watched through a third. */
class WatchTest {

  private static final int OPERATIONS = 10_000;
  private static final long SEED = 4711;
  private static final int PAGE = 30;
  private static final int MOST_PAGES = 100;

  /** The promise is 2 s; a machine that is busy with something else may need longer. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private static final String PREFIX = "watched/";
  private static final List<String> LOCKS =
      IntStream.range(0, 100).mapToObj(number -> PREFIX + number).toList();

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Test
  void watcherOnAThirdReplica_endsWithTheStoresState() throws Exception {
    CallRecorder recorder = CallRecorder.inMemory();
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer c = ReplicaServer.on(DATABASE.jdbcUri());
        RecordedClient viaA = new RecordedClient(a.port(), recorder);
        RecordedClient viaB = new RecordedClient(b.port(), recorder);
        RecordedClient viaC = new RecordedClient(c.port(), recorder)) {
      RecordingWatcher watcher = RecordingWatcher.of(viaC.channel(), LOCKS);
      watcher.read();
      await().atMost(PATIENCE).until(watcher::isSynced);

      new RandomOperations(List.of(viaA, viaB), LOCKS, SEED).run(OPERATIONS);

      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                assertThat(watched(watcher)).isEqualTo(stored(viaA));
                assertThat(heldTokens(watched(watcher))).isEqualTo(listed(viaB));
              });
      assertThat(watcher.faults()).isEmpty();
      assertThat(heldTokens(stored(viaA))).as("or the end proves little").hasSizeGreaterThan(10);
      assertThat(watcher.changes()).isGreaterThan(2L * LOCKS.size());
    }
  }

  private static Map<String, WatchedState> watched(RecordingWatcher watcher) {
    Map<String, WatchedState> sights = new HashMap<>();
    LOCKS.forEach(lock -> sights.put(lock, WatchedState.of(watcher.newest(lock))));
    return sights;
  }

  private static Map<String, WatchedState> stored(RecordedClient caller) {
    Map<String, WatchedState> sights = new HashMap<>();
    LOCKS.forEach(lock -> sights.put(lock, WatchedState.of(caller.look(lock))));
    return sights;
  }

  private static Map<String, Long> heldTokens(Map<String, WatchedState> sights) {
    Map<String, Long> tokens = new HashMap<>();
    sights.forEach(
        (lock, sight) -> {
          if (sight.token() != 0) {
            tokens.put(lock, sight.token());
          }
        });
    return tokens;
  }

  /** The tokens of held locks, from all pages of a list. */
  private static Map<String, Long> listed(RecordedClient caller) {
    Map<String, Long> tokens = new HashMap<>();
    String page = "";
    for (int i = 0; i < MOST_PAGES; i++) {
      ListLocksResponse response =
          caller
              .locks()
              .listLocks(
                  ListLocksRequest.newBuilder()
                      .setPrefix(PREFIX)
                      .setPageSize(PAGE)
                      .setPageToken(page)
                      .build());
      for (Lock lock : response.getLocksList()) {
        if (lock.getHoldersCount() > 0) {
          tokens.put(lock.getName(), lock.getHolders(0).getFencingToken());
        }
      }
      page = response.getNextPageToken();
      if (page.isEmpty()) {
        return tokens;
      }
    }
    throw new AssertionError("more than " + MOST_PAGES + " pages");
  }
}
