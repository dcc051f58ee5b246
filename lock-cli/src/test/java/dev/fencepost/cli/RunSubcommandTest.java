package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.ReleaseRequest;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code run} while its lock is held. */
class RunSubcommandTest {
  @TempDir Path folder;

  private final FakeServer server = FakeServer.start();

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "true, 0",
    "exit 7, 7",
    "exit 76, 76",
    "kill -9 $$, 137",
    "kill -TERM $$, 143",
  })
  void commandThatEnds_givesItsOwnCode(String line, int code) {
    try (ChildCli run = run("a", "--shell", "--", line)) {
      assertThat(run.awaitExit()).isEqualTo(code);
      assertThat(run.err()).isEmpty();
    }
    assertThat(server.locks.holder("a")).isEmpty();
  }

  @Test
  void commandThatDoesNotExist_is127() {
    try (ChildCli run = run("a", "--", "no-such-command")) {
      assertThat(run.awaitExit()).isEqualTo(127);
      assertThat(run.err()).contains("no-such-command");
    }
    assertThat(server.locks.holder("a")).isEmpty();
  }

  @Test
  void commandThatCannotBeExecuted_is126() throws IOException {
    Path file = Files.writeString(folder.resolve("not-executable"), "true");
    try (ChildCli run = run("a", "--", file.toString())) {
      assertThat(run.awaitExit()).isEqualTo(126);
    }
    assertThat(server.locks.holder("a")).isEmpty();
  }

  @Test
  void command_hasOurStreamsAndTheGrantInItsEnvironment() {
    String line = "cat; echo \"$FENCEPOST_LOCK $FENCEPOST_TOKEN $FENCEPOST_SERVER\"; env >&2";
    try (ChildCli run = run("a b", "--", "sh", "-c", line)) {
      run.send("from stdin\n");
      assertThat(run.awaitExit()).isZero();
      String claim = server.locks.acquires.get(0).getClaimId();
      ReleaseRequest release = server.locks.releases.get(0);
      assertThat(run.out())
          .isEqualTo(
              "from stdin\na b " + release.getFencingToken() + " " + server.address() + "\n");
      assertThat(run.err()).contains("FENCEPOST_CLAIM=" + claim).doesNotContain("SCRIPT");
      assertThat(release.getClaimId()).isEqualTo(claim);
    }
  }

  @Test
  void longCommand_isRenewedUntilItEnds() {
    try (ChildCli run = run("a", "--ttl", "2s", "--", "sleep", "5")) {
      assertThat(run.awaitExit()).isZero();
    }
    assertThat(server.locks.renewals.get()).isGreaterThanOrEqualTo(3);
    assertThat(server.locks.releases).hasSize(1);
  }

  @Test
  void grantThatCannotBeKept_startsNothingAndIsGivenBack() {
    server.fail("Session", Status.UNAVAILABLE);
    Path mark = folder.resolve("started");
    try (ChildCli run = run("a", "--", "touch", mark.toString())) {
      assertThat(run.awaitExit()).isEqualTo(69);
      assertThat(run.err()).contains("cannot be renewed");
    }
    assertThat(Files.exists(mark)).isFalse();
    assertThat(server.locks.holder("a")).isEmpty();
  }

  @Test
  void grantThatIsGoneBeforeItIsKept_startsNothing() {
    server.locks.forgetsGrants = true;
    Path mark = folder.resolve("started");
    try (ChildCli run = run("a", "--", "touch", mark.toString())) {
      assertThat(run.awaitExit()).isEqualTo(76);
      assertThat(run.err()).contains("its lease ran out");
    }
    assertThat(Files.exists(mark)).isFalse();
  }

  @Test
  void killedRun_groupGetsTermWithinASecond() {
    Path seen = folder.resolve("term");
    String line =
        "trap 'read up rest </proc/uptime; echo $up >\"$1.new\"; mv \"$1.new\" \"$1\"; exit' TERM;"
            + " echo $$ >\"$1.pid.new\"; mv \"$1.pid.new\" \"$1.pid\";"
            + " while :; do sleep 0.05; done";
    try (ChildCli run = run("a", "--", "sh", "-c", line, "sh", seen.toString())) {
      long group = Long.parseLong(awaitText(folder.resolve("term.pid")));
      long killed = ProcessTable.uptimeCentis();
      ProcessTable.signal("KILL", run.pid());
      long term = Long.parseLong(awaitText(seen).replace(".", ""));
      assertThat(term - killed).as("hundredths of a second").isBetween(0L, 100L);
      await().until(() -> ProcessTable.members(group).isEmpty());
    }
  }

  @Test
  void killedRun_killsAStubbornGroupAfterItsTime() {
    try (ChildCli run =
        StubbornCommand.start(folder, server.address(), "a", "--kill-after", "500ms")) {
      long group = StubbornCommand.awaitGroup(folder, "a");
      List<Long> watchdogs =
          ProcessTable.children(run.pid()).stream().filter(pid -> pid != group).toList();
      ProcessTable.signal("KILL", run.pid());
      await().until(() -> ProcessTable.members(group).isEmpty());
      assertThat(watchdogs).hasSize(1);
      await().until(() -> ProcessTable.members(watchdogs.get(0)).isEmpty());
    }
  }

  @ParameterizedTest
  @CsvSource({"INT, 42", "TERM, 43", "HUP, 44"})
  void signalToRun_isPassedOnToTheWholeGroup(String signal, int code) {
    Path ready = folder.resolve("ready");
    String line =
        "trap 'exit 42' INT; trap 'exit 43' TERM; trap 'exit 44' HUP;"
            + " echo >\"$1.new\"; mv \"$1.new\" \"$1\"; while :; do sleep 0.05; done";
    try (ChildCli run = run("a", "--", "sh", "-c", line, "sh", ready.toString())) {
      await().until(() -> Files.exists(ready));
      ProcessTable.signal(signal, run.pid());
      assertThat(run.awaitExit()).isEqualTo(code);
    }
    assertThat(server.locks.holder("a")).isEmpty();
  }

  @Test
  void whatTheCommandLeavesBehind_isEndedBeforeTheLockIsReleased() {
    String line = "sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $$; exit 5";
    try (ChildCli run = run("a", "--kill-after", "300ms", "--", "sh", "-c", line)) {
      assertThat(run.awaitExit()).isEqualTo(5);
      assertThat(ProcessTable.members(Long.parseLong(run.out().strip()))).isEmpty();
    }
    assertThat(server.locks.holder("a")).isEmpty();
  }

  /** Most stores keep no record of a released lock, so the second attempt finds no grant. */
  @Test
  void lostAnswerToTheRelease_leavesTheCommandItsCode() {
    server.locks.lostReleaseAnswers.set(1);
    try (ChildCli run = run("a", "--shell", "--", "exit 7")) {
      assertThat(run.awaitExit()).isEqualTo(7);
      assertThat(run.err()).isEmpty();
    }
    assertThat(server.locks.releases).hasSize(2);
  }

  @Test
  void grantThatIsGoneAtTheFirstRelease_isLost() {
    Path go = folder.resolve("go");
    String line = "echo; until [ -e " + go + " ]; do sleep 0.05; done";
    try (ChildCli run = run("a", "--ttl", "1m", "--shell", "--", line)) {
      await().atMost(Duration.ofMinutes(1)).until(() -> !run.out().isEmpty());
      server.locks.forget("a");
      Files.createFile(go);
      assertThat(run.awaitExit()).isEqualTo(76);
      assertThat(run.err()).contains("lost before the command ended");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void minHold_closesTheLockForTheRest() {
    try (ChildCli run = run("a", "--min-hold", "1h", "--", "true")) {
      assertThat(run.awaitExit()).isZero();
    }
    Duration closeFor = WireDurations.fromWire(server.locks.releases.get(0).getCloseFor());
    assertThat(closeFor).isBetween(Duration.ofMinutes(58), Duration.ofHours(1));
  }

  @Test
  void maxHold_endsTheCommandAndReleases() {
    try (ChildCli run = run("a", "--max-hold", "200ms", "--", "sleep", "60")) {
      assertThat(run.awaitExit()).isEqualTo(143);
      assertThat(run.err()).contains("--max-hold");
    }
    assertThat(server.locks.releases).hasSize(1);
  }

  @Test
  void interruptedWait_withdrawsTheClaim() {
    CapturedCli.of(server).run("acquire", "a");
    try (ChildCli acquire =
            ChildCli.start(folder, server.address(), "acquire", "a", "--wait", "10m");
        ChildCli run = run("a", "--wait", "10m", "--", "true")) {
      await().atMost(Duration.ofMinutes(1)).until(() -> server.locks.waiting().size() == 2);
      ProcessTable.signal("INT", acquire.pid());
      ProcessTable.signal("TERM", run.pid());
      assertThat(acquire.awaitExit()).isEqualTo(130);
      assertThat(run.awaitExit()).isEqualTo(143);
    }
    assertThat(server.locks.waiting()).isEmpty();
    assertThat(server.locks.releases).hasSize(2).noneMatch(ReleaseRequest::hasFencingToken);
  }

  private ChildCli run(String lock, String... rest) {
    String[] words = new String[rest.length + 2];
    words[0] = "run";
    words[1] = lock;
    System.arraycopy(rest, 0, words, 2, rest.length);
    return ChildCli.start(folder, server.address(), words);
  }

  private static String awaitText(Path file) {
    await().atMost(Duration.ofMinutes(1)).until(() -> Files.exists(file));
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
