package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Servers are killed under load, while claims hold and wait. */
class CrashTest {

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @TempDir Path folder;

  @Test
  void killedServerOnH2_findsItsGrantsAgain() throws Exception {
    try (ReplicaServer server = ReplicaServer.on(h2());
        CrashScenario scene = new CrashScenario(List.of(server))) {
      scene.begin();
      server.kill();
      scene.awaitCutOff();
      server.startAgain();
      scene.goOn(0);
      scene.judge();
    }
  }

  @Test
  void killedReplicaOnPostgresql_isReplacedByTheOther() throws Exception {
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        CrashScenario scene = new CrashScenario(List.of(a, b))) {
      scene.begin();
      a.kill();
      scene.awaitCutOff();
      scene.goOn(1);
      a.startAgain();
      scene.goOnOnce(0);
      scene.judge();
    }
  }

  @Test
  void secondServerOnTheSameFolder_isRefusedAndTheFirstGoesOn() {
    try (ReplicaServer first = ReplicaServer.on(h2());
        RecordedClient caller = new RecordedClient(first.port(), CallRecorder.inMemory())) {
      ClaimAttempt claim = ClaimAttempt.on("before", Duration.ofMinutes(1));
      long token = caller.take(claim);

      assertThat(ReplicaServer.refusedOn(h2()))
          .contains("fencepost: ", folder.resolve("store").toString(), "another server");

      assertThat(caller.renew(claim, token).join().hasRenewed()).isTrue();
      assertThat(caller.take(ClaimAttempt.on("after", Duration.ofMinutes(1)))).isPositive();
    }
  }

  private String h2() {
    return "h2:" + folder.resolve("store");
  }
}
