package dev.fencepost.acceptance.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.HistoryChecker;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A store is replaced by an empty one of another kind, and so on, and by one of the first kind. */
class MixedStoresTest {

  private static final int GRANTS = 20;
  private static final Duration LEASE = Duration.ofMinutes(1);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @TempDir Path folder;

  @Test
  void emptyStoreOfAnotherKind_givesGreaterTokens() {
    CallRecorder recorder = CallRecorder.inMemory();
    List<Long> tokens = new ArrayList<>();
    tokens.addAll(grantsOn("h2:" + folder.resolve("first"), recorder));
    tokens.addAll(grantsOn(DATABASE.jdbcUri(), recorder));
    tokens.addAll(grantsOn(MARIADB.jdbcUri(), recorder));
    tokens.addAll(grantsOn("h2:" + folder.resolve("second"), recorder));

    assertThat(tokens).hasSize(4 * GRANTS).isSorted().doesNotHaveDuplicates();
    HistoryChecker.check(recorder.history(), tokens.size()).assertSound();
  }

  private static List<Long> grantsOn(String storeUri, CallRecorder recorder) {
    List<Long> tokens = new ArrayList<>();
    try (ReplicaServer server = ReplicaServer.on(storeUri);
        RecordedClient caller = new RecordedClient(server.port(), recorder)) {
      for (int i = 0; i < GRANTS; i++) {
        ClaimAttempt claim = ClaimAttempt.on("orders", LEASE);
        long token = caller.take(claim);
        tokens.add(token);
        caller.release(claim, token).join();
      }
    }
    return tokens;
  }
}
