package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.acceptance.world.Caller;
import dev.fencepost.acceptance.world.Claim;
import dev.fencepost.acceptance.world.Server;
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
    try (Server server = Server.on(h2());
        CrashScene scene = new CrashScene(List.of(server))) {
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
    try (Server a = Server.on(DATABASE.jdbcUri());
        Server b = Server.on(DATABASE.jdbcUri());
        CrashScene scene = new CrashScene(List.of(a, b))) {
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
    try (Server first = Server.on(h2());
        Caller caller = new Caller(first.port(), CallRecorder.inMemory())) {
      Claim claim = Claim.on("before", Duration.ofMinutes(1));
      long token = caller.take(claim);

      assertThat(Server.refusedOn(h2()))
          .contains("fencepost: ", folder.resolve("store").toString(), "another server");

      assertThat(caller.renew(claim, token).join().hasRenewed()).isTrue();
      assertThat(caller.take(Claim.on("after", Duration.ofMinutes(1)))).isPositive();
    }
  }

  private String h2() {
    return "h2:" + folder.resolve("store");
  }
}
