package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.FreePort;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing listens at the server's address, as while a server starts. */
class AbsentServerTest {
  @TempDir Path folder;

  @Test
  void claimThatMayWait_isGrantedWhenTheServerComes() {
    int port = FreePort.next();
    String address = "127.0.0.1:" + port;
    try (ChildCli acquire = ChildCli.start(folder, address, "acquire", "a", "--wait", "1m")) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> !acquire.isAlive() || acquire.err().contains("no server at " + address));
      try (FakeServer server = FakeServer.start(port)) {
        assertThat(acquire.awaitExit()).as(acquire.err()).isZero();
        assertThat(server.locks.acquires).hasSize(1);
      }
    }
  }

  @Test
  void claimThatMayNotWait_endsAtOnce() {
    CapturedCli.Result result =
        new CapturedCli()
            .with("FENCEPOST_SERVER", "127.0.0.1:" + FreePort.next())
            .run("acquire", "a", "--timeout", "10m");
    assertThat(result.code()).isEqualTo(69);
  }

  @Test
  void waitThatIsOver_saysThatNobodyCame() {
    CapturedCli.Result result =
        new CapturedCli()
            .with("FENCEPOST_SERVER", "127.0.0.1:" + FreePort.next())
            .run("acquire", "a", "--wait", "300ms", "--timeout", "10m");
    assertThat(result.code()).isEqualTo(69);
    assertThat(result.err()).containsPattern("(?m)^fencepost: no server at [^ ]+ \\([^)]*\\)$");
  }
}
