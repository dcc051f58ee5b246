package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.ReleaseRequest;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SubcommandsTest {
  private final FakeServer server = FakeServer.start();
  private final CapturedCli cli = CapturedCli.of(server);

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void envOutput_evaluatesToTheGrantWhateverTheName() throws IOException {
    String name = "it's $(touch /tmp/x) `a` \"b\" \\ ünïcode";
    CapturedCli.Result result = cli.run("acquire", name, "-o", "env");
    assertThat(result.code()).isZero();
    assertThat(evaluate(result.out(), "FENCEPOST_LOCK")).isEqualTo(name);
    assertThat(evaluate(result.out(), "FENCEPOST_TOKEN"))
        .isEqualTo(Long.toString(server.locks.holder(name).orElseThrow().token()));
    assertThat(evaluate(result.out(), "FENCEPOST_CLAIM"))
        .isEqualTo(server.locks.acquires.get(0).getClaimId());
    assertThat(evaluate(result.out(), "FENCEPOST_SERVER")).isEqualTo(server.address());
  }

  @Test
  void envOutputOfRefusedAcquire_isEmpty() {
    cli.run("acquire", "a");
    CapturedCli.Result result = cli.run("acquire", "a", "-o", "env");
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("is taken");
  }

  @Test
  void acquire_sendsWhatWasAsked() {
    cli.run(
        "acquire",
        "a",
        "--ttl",
        "20s",
        "--wait",
        "1.5s",
        "--owner",
        "me",
        "--lock-delay",
        "3s",
        "--meta",
        "k=v=w",
        "--meta",
        "x=");
    AcquireRequest sent = server.locks.acquires.get(0);
    assertThat(WireDurations.fromWire(sent.getTtl())).isEqualTo(Duration.ofSeconds(20));
    assertThat(WireDurations.fromWire(sent.getWait())).isEqualTo(Duration.ofMillis(1500));
    assertThat(WireDurations.fromWire(sent.getLockDelay())).isEqualTo(Duration.ofSeconds(3));
    assertThat(sent.getOwner()).isEqualTo("me");
    assertThat(sent.getMetadataMap()).containsEntry("k", "v=w").containsEntry("x", "");
  }

  @Test
  void answerLaterThanAQuarterOfTheLease_isRenewedBeforeItCounts() {
    server.locks.acquireDelay = Duration.ofMillis(600);
    assertThat(cli.run("acquire", "a", "--ttl", "2s").code()).isZero();
    assertThat(server.calls("Renew")).isEqualTo(1);
    assertThat(cli.run("acquire", "b", "--ttl", "60s").code()).isZero();
    assertThat(server.calls("Renew")).isEqualTo(1);
  }

  @Test
  void unavailableServer_isFollowedByTheNextWithTheSameClaim() {
    try (FakeServer second = FakeServer.start()) {
      server.fail("Acquire", Status.UNAVAILABLE.withDescription("DRAINING: goodbye"));
      cli.with("FENCEPOST_SERVER", "127.0.0.1:1," + server.address() + "," + second.address());
      CapturedCli.Result result =
          cli.run("acquire", "a", "--claim", "0123456789abcdef0123456789abcdef");
      assertThat(result.code()).isZero();
      assertThat(second.locks.acquires)
          .extracting(AcquireRequest::getClaimId)
          .containsExactly("0123456789abcdef0123456789abcdef");
    }
  }

  @Test
  void acquireWithoutAnswer_isWithdrawnUnlessItsClaimCanBeRepeated() {
    server.locks.acquireDelay = Duration.ofSeconds(2);
    assertThat(cli.run("acquire", "a", "--timeout", "200ms").code()).isEqualTo(69);
    await().untilAsserted(() -> assertThat(server.locks.releases).hasSize(1));
    ReleaseRequest release = server.locks.releases.get(0);
    assertThat(release.getClaimId()).isEqualTo(server.locks.acquires.get(0).getClaimId());
    assertThat(release.hasFencingToken()).isFalse();
    cli.run("acquire", "b", "--timeout", "200ms", "--claim", "0123456789abcdef0123456789abcdef");
    assertThat(server.locks.releases).hasSize(1);
  }

  @Test
  void forcedReleaseWithUnknownOutcome_isNotRepeated() {
    server.fail("ForceRelease", Status.UNAVAILABLE);
    assertThat(cli.run("force-release", "a", "--reason", "x").code()).isEqualTo(69);
    assertThat(server.calls("ForceRelease")).isEqualTo(1);
  }

  @Test
  void ls_goesThroughAllPagesUntilTheLimit() {
    server.locks.pageSize = 3;
    for (int i = 0; i < 10; i++) {
      cli.run("acquire", "jobs/" + i);
    }
    cli.run("acquire", "other");
    assertThat(cli.run("ls", "jobs/").lines()).hasSize(10).allMatch(l -> l.startsWith("jobs/"));
    assertThat(cli.run("ls").lines()).hasSize(11);
    assertThat(cli.run("ls", "--limit", "4").lines()).hasSize(4);
    assertThat(cli.run("ls", "--contended").lines()).isEmpty();
    assertThat(cli.run("ls", "--held-for", "1h").lines()).isEmpty();
    assertThat(cli.run("ls", "--held-for", "0").lines()).hasSize(11);
  }

  @Test
  void ls_beginsAgainWhenAnotherServerGoesOn_andShowsEachLockOnce() {
    server.locks.pageSize = 3;
    for (int i = 0; i < 10; i++) {
      cli.run("acquire", "jobs/" + i);
    }
    server.locks.foreignPageTokens.set(2);
    assertThat(cli.run("ls").lines()).hasSize(10).doesNotHaveDuplicates();

    server.locks.foreignPageTokens.set(Integer.MAX_VALUE);
    assertThat(cli.run("ls").code()).isEqualTo(64);
  }

  @Test
  void textOfOthers_cannotCommandTheTerminal() {
    cli.run("acquire", "a", "--owner", "evil\u001b[2Jname\nsecond line", "--meta", "k=\u0007");
    assertThat(cli.run("inspect", "a").out())
        .contains("evil\uFFFD[2Jname")
        .doesNotContain("\u001b");
    assertThat(cli.run("ls").lines()).hasSize(1);
  }

  @Test
  void release_sendsTokenOrNone() {
    cli.with("FENCEPOST_CLAIM", "0123456789abcdef0123456789abcdef").with("FENCEPOST_LOCK", "a");
    assertThat(cli.run("release", "--any-token").code()).isZero();
    assertThat(cli.run("release", "--token", "5", "--close-for", "1m").code()).isEqualTo(76);
    assertThat(server.locks.releases.get(0).hasFencingToken()).isFalse();
    assertThat(server.locks.releases.get(1).getFencingToken()).isEqualTo(5);
    assertThat(server.locks.releases.get(1).getCloseFor().getSeconds()).isEqualTo(60);
  }

  @Test
  void globalOptions_mayStandOnBothSidesOfTheCommand() {
    CapturedCli alone = new CapturedCli();
    assertThat(alone.run("--server", server.address(), "--timeout=30s", "ping").code()).isZero();
    assertThat(alone.run("ping", "--server=" + server.address(), "-o", "json").code()).isZero();
  }

  private static String evaluate(String lines, String variable) throws IOException {
    Process shell =
        new ProcessBuilder("sh", "-c", "eval \"$1\"; printf %s \"$" + variable + "\"", "sh", lines)
            .start();
    return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
