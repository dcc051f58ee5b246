package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The first server in the list accepts connections and never answers, like a stopped process. The
 * second one works.
 */
class SilentServerTest {
  /** Less than the 25 s after which keep-alive closes an unanswered connection. */
  private static final Duration SOONER = Duration.ofSeconds(20);

  private final FakeServer server = FakeServer.start();
  private final ServerSocket silent = listen();
  private final CapturedCli cli =
      CapturedCli.of(server)
          .with("FENCEPOST_SERVER", "127.0.0.1:" + silent.getLocalPort() + "," + server.address());

  @AfterEach
  void stop() throws IOException {
    silent.close();
    server.close();
  }

  @Test
  void waitInLine_isNotSpentOnIt() {
    CapturedCli.Result result =
        assertTimeoutPreemptively(
            SOONER, () -> cli.run("acquire", "a", "--wait", "10m", "--timeout", "2s"));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(server.locks.acquires).hasSize(1);
  }

  @Test
  void withoutAnother_theCommandSaysSoSoon() {
    cli.with("FENCEPOST_SERVER", "127.0.0.1:" + silent.getLocalPort());
    CapturedCli.Result result =
        assertTimeoutPreemptively(
            SOONER, () -> cli.run("acquire", "a", "--wait", "10m", "--timeout", "1s"));
    assertThat(result.code()).isEqualTo(69);
    assertThat(result.err()).contains("no answer to the connection within 1s");
  }

  @Test
  void watch_turnsToTheNext() {
    server.fail("WatchLocks", io.grpc.Status.PERMISSION_DENIED);
    CapturedCli.Result result =
        assertTimeoutPreemptively(SOONER, () -> cli.run("watch", "--name", "a", "--timeout", "9s"));
    assertThat(result.code()).as("that of the server that answers").isEqualTo(77);
  }

  private static ServerSocket listen() {
    try {
      return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
