package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line with a real server, which it starts itself, and a store in a folder. */
class RealServerTest {
  private static final Pattern ADDRESS = Pattern.compile("gRPC +(127\\.0\\.0\\.1:\\d+)");

  @TempDir static Path folder;

  private static ChildCli server;
  private static String address;

  @BeforeAll
  static void start() {
    server =
        ChildCli.startLocal(
            folder,
            "server",
            "--store",
            "h2:" + folder.resolve("store"),
            "--listen=127.0.0.1:0",
            "--http-listen=127.0.0.1:0");
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> !server.isAlive() || ADDRESS.matcher(server.out()).find());
    Matcher banner = ADDRESS.matcher(server.out());
    assertThat(banner.find()).as(server.err()).isTrue();
    address = banner.group(1);
  }

  @AfterAll
  static void stop() {
    try (ChildCli ending = server) {
      ProcessTable.signal("TERM", ending.pid());
      assertThat(ending.awaitExit()).isZero();
    }
  }

  @Test
  void forceReleaseOfAClosedLock_tellsItsNewClosingTime() {
    assertThat(cli().run("run", "reopened", "--min-hold", "1h", "--", "true").code()).isZero();
    CapturedCli.Result reopened =
        cli().run("force-release", "reopened", "--reason", "by mistake", "--close-for", "0");
    assertThat(reopened.out()).contains("held by nobody; if it was closed, it is closed for 0");
    assertThat(cli().run("acquire", "reopened").code()).isZero();
  }

  @Test
  void grant_isRefusedToOthersUntilReleased() {
    CapturedCli.Result taken = cli().run("acquire", "orders/1", "-o", "env");
    assertThat(taken.code()).isZero();
    CapturedCli.Result refused = cli().run("acquire", "orders/1");
    assertThat(refused.code()).isEqualTo(75);
    CapturedCli holder = cli();
    Map<String, String> variables = variables(taken);
    variables.forEach(holder::with);
    assertThat(refused.out()).contains(variables.get("FENCEPOST_TOKEN"));
    assertThat(holder.run("validate").code()).isZero();
    assertThat(holder.run("renew").code()).isZero();
    assertThat(holder.run("advance", "orders").code()).isZero();
    assertThat(holder.run("release").code()).isZero();
    assertThat(holder.run("release").code()).isEqualTo(76);
    assertThat(holder.run("validate").code()).isEqualTo(1);
    assertThat(cli().run("acquire", "orders/1", "--ttl", "2s").code()).isZero();
    assertThat(cli().run("advance", "orders", "--token", "1").code()).isEqualTo(1);
  }

  @Test
  void waitingClaim_isGrantedWhenTheHolderReleases() {
    CapturedCli holder = cli();
    variables(holder.run("acquire", "line", "-o", "env")).forEach(holder::with);
    try (ChildCli waiting = ChildCli.start(folder, address, "acquire", "line", "--wait", "1m")) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> cli().run("inspect", "line").out().contains("waiter 1: "));
      assertThat(cli().run("ls", "li", "--contended").lines()).hasSize(1);
      assertThat(holder.run("release").code()).isZero();
      assertThat(waiting.awaitExit()).isZero();
      assertThat(waiting.out()).contains("line is held");
    }
  }

  @Test
  void forcedRelease_endsARun() {
    try (ChildCli run = StubbornCommand.start(folder, address, "forced", "--ttl", "2s")) {
      long group = StubbornCommand.awaitGroup(folder, "forced");
      CapturedCli.Result forced =
          cli().run("force-release", "forced", "--reason", "stuck for hours");
      assertThat(forced.code()).isZero();
      assertThat(forced.out()).contains("fence its writes with token");
      assertThat(run.awaitExit()).isEqualTo(76);
      assertThat(run.err()).contains("an administrator ended it: stuck for hours");
      assertThat(ProcessTable.members(group)).isEmpty();
    }
  }

  @Test
  void longRun_keepsItsLockAndGivesItBack() {
    try (ChildCli run =
        ChildCli.start(folder, address, "run", "long", "--ttl", "4s", "--", "sleep", "6")) {
      assertThat(run.awaitExit()).isZero();
      assertThat(cli().run("acquire", "long").code()).isZero();
    }
  }

  @Test
  void minHold_keepsTheLockClosed() {
    assertThat(cli().run("run", "closed", "--min-hold", "1m", "--", "true").code()).isZero();
    CapturedCli.Result refused = cli().run("acquire", "closed");
    assertThat(refused.code()).isEqualTo(75);
    assertThat(refused.out()).contains("closed is closed", "not free for another 5");
  }

  @Test
  void name_isFollowedFromGrantToRelease() {
    try (ChildCli watch = ChildCli.start(folder, address, "watch", "--name", "followed")) {
      await().atMost(Duration.ofMinutes(1)).until(() -> watch.out().contains("followed free"));
      CapturedCli holder = cli();
      variables(holder.run("acquire", "followed", "-o", "env")).forEach(holder::with);
      await().until(() -> watch.out().contains("held by"));
      holder.run("release");
      await().until(() -> watch.out().strip().endsWith("free"));
    }
  }

  @Test
  void ping_tellsStoreAndVersion() {
    CapturedCli.Result result = cli().run("ping");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains(address, "store: h2", "round trip");
  }

  @Test
  void schema_printsTheTables() {
    CapturedCli.Result result = cli().run("schema", "--store", "jdbc:postgresql://localhost/locks");
    assertThat(result.code()).isZero();
    assertThat(result.out().toLowerCase(Locale.ROOT)).contains("create table");
  }

  @Test
  void check_ofGoodSettings_is0() {
    assertThat(cli().run("server", "--check", "--lease.max-ttl=5m").code()).isZero();
  }

  private static CapturedCli cli() {
    return new CapturedCli().with("FENCEPOST_SERVER", address);
  }

  private static Map<String, String> variables(CapturedCli.Result result) {
    return result
        .out()
        .lines()
        .map(line -> line.substring("export ".length()).split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1].replace("'", "")));
  }
}
