package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.LossReason;
import io.grpc.Status;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every exit code of the help, except those of the command of {@code run}. */
class ExitCodeTest {
  private static final String CLAIM = "0123456789abcdef0123456789abcdef";

  private final FakeServer server = FakeServer.start();
  private final CapturedCli cli = CapturedCli.of(server);

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void everything_done_is0() {
    assertThat(cli.run("acquire", "a", "--claim", CLAIM).code()).isZero();
    String token = cli.run("token", "a").out().strip();
    cli.with("FENCEPOST_CLAIM", CLAIM).with("FENCEPOST_TOKEN", token).with("FENCEPOST_LOCK", "a");
    assertThat(cli.run("validate").code()).isZero();
    assertThat(cli.run("advance", "r").code()).isZero();
    assertThat(cli.run("advance", "r").code()).isZero();
    assertThat(cli.run("renew").code()).isZero();
    assertThat(cli.run("inspect", "a").code()).isZero();
    assertThat(cli.run("ls").code()).isZero();
    assertThat(cli.run("release").code()).isZero();
    assertThat(cli.run("reset-mark", "r", "--reason", "test").code()).isZero();
    assertThat(cli.run("ping").code()).isZero();
    assertThat(cli.run("version").code()).isZero();
    assertThat(cli.run("completion").code()).isZero();
    assertThat(cli.run("--help").code()).isZero();
    assertThat(cli.run("acquire", "--help").code()).isZero();
  }

  @Test
  void forcedReleaseOfHeldLock_is0() {
    cli.run("acquire", "a");
    assertThat(cli.run("force-release", "a", "--reason", "stuck").code()).isZero();
  }

  @Test
  void noAsAnAnswer_is1() {
    assertThat(cli.run("token", "nobody's").code()).isEqualTo(1);
    assertThat(cli.run("validate", "a", "--token", "7").code()).isEqualTo(1);
    cli.run("advance", "r", "--token", "9");
    assertThat(cli.run("advance", "r", "--token", "8").code()).isEqualTo(1);
    assertThat(cli.run("force-release", "a", "--reason", "stuck").code()).isEqualTo(1);
    cli.run("acquire", "a");
    assertThat(cli.run("force-release", "a", "--reason", "stuck", "--if-token", "1").code())
        .isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "acquire",
        "acquire a b",
        "acquire a --ttl 5",
        "acquire a --wait -1s",
        "acquire a --nonsense",
        "acquire a --meta novalue",
        "acquire a --claim short",
        "acquire a -o yaml",
        "acquire a -E 256",
        "inspect a -o env",
        "release a",
        "release a --any-token --token 5",
        "renew a --claim 0123456789abcdef0123456789abcdef",
        "validate a --token 0",
        "validate a --token x",
        "ls --limit 0",
        "watch a --name b",
        "force-release a",
        "run a true",
        "run a --",
        "run a -o json -- true",
        "server nonsense",
        "schema",
        "ping --server host:99999",
        "ping --server ,",
        "--timeout 0 ping"
      })
  void wrongCommandLine_is64(String line) {
    CapturedCli.Result result = cli.run(line.split(" "));
    assertThat(result.code()).isEqualTo(64);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("fencepost: ").hasLineCount(1);
  }

  /** Refused before any call or command, with the name of the option. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "run a --min-hold 25h -- true",
        "run a --min-hold 999999999d -- true",
        "run a --max-hold 36501d -- true",
        "run a --kill-after 25h -- true",
        "run a --kill-after 999999999d -- true",
        "run a --ttl 25h -- true",
        "run a --ttl 0 -- true",
        "run a --wait 24.1h -- true",
        "run a --wait -1ms -- true",
        "run a -E 256 -- true",
        "acquire a --ttl 999999999d",
        "acquire a --ttl 9999999999s",
        "acquire a --ttl 0s",
        "acquire a --ttl -5s",
        "acquire a --ttl 5S",
        "acquire a --ttl 5e3s",
        "acquire a --ttl \u0665s",
        "acquire a --wait 999999999d",
        "acquire a --lock-delay 601s",
        "acquire a -E -1",
        "acquire a -E 99999999999",
        "acquire a --timeout 999999999d",
        "acquire a --timeout 0s",
        "acquire a --timeout 0.1ms",
        "release a --any-token --claim 0123456789abcdef0123456789abcdef --close-for 1441m",
        "force-release a --reason x --close-for 25h",
        "force-release a --reason x --if-token +5",
        "force-release a --reason x --if-token -5",
        "validate a --token 9223372036854775808",
        "validate a --token \u0665",
        "advance r --token 0",
        "ls --limit 2147483648",
        "ls --limit -1",
        "ls --held-for 36501d"
      })
  void numberOutOfRange_is64AndNamesItsOption(String line) {
    String[] words = line.split(" ");
    CapturedCli.Result result = cli.run(words);
    assertThat(result.code()).as(result.err()).isEqualTo(64);
    List<String> options = Stream.of(words).filter(word -> word.matches("--?[a-zA-Z].*")).toList();
    assertThat(result.err()).hasLineCount(1).contains(options.get(options.size() - 1));
    assertThat(server.calls("Acquire") + server.calls("Release") + server.calls("ForceRelease"))
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run a --min-hold 24h --max-hold 36500d --kill-after 24h --ttl 24h --wait 24h -- true",
        "acquire b --ttl 2s --wait 86400s --lock-delay 10m --timeout 24h -E 255",
        "acquire c --ttl 0.5s --wait 0 --timeout 1m -E 0",
        "ls --limit 2147483647 --held-for 36500d"
      })
  void numbersAtTheirEnds_areTaken(String line) {
    assertThat(cli.run(line.split(" ")).code()).isZero();
  }

  @Test
  void serverSetting_isTakenInOneWordOrInTwo() {
    assertThat(cli.run("server", "--check", "--listen", "127.0.0.1:0", "--log.level=warn").code())
        .isZero();
    assertThat(cli.run("server", "--log.level", "warn", "--check", "--listen=127.0.0.1:0").code())
        .isZero();
    CapturedCli.Result valueMissing = cli.run("server", "--check", "--listen", "--log.level=warn");
    assertThat(valueMissing.code()).isEqualTo(64);
    assertThat(valueMissing.err())
        .contains("--listen is not a setting: --KEY=VALUE or --KEY VALUE");
    assertThat(cli.run("server", "--check", "--no.such.key", "1").code()).isEqualTo(78);
  }

  @Test
  void noCommand_is64AndShowsHelp() {
    CapturedCli.Result result = cli.run();
    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).isEqualTo(CommandDispatcher.help());
  }

  @Test
  void argumentThatTheServerRefuses_is64() {
    server.fail("Acquire", Status.INVALID_ARGUMENT.withDescription("ttl: 1s (expected: 2s–10m)"));
    CapturedCli.Result result = cli.run("acquire", "a", "--ttl", "1s");
    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains("ttl: 1s (expected: 2s–10m)");
  }

  @Test
  void argumentThatWasNotReadable_is64() {
    assertThat(cli.run("acquire", "gr\uFFFD\uFFFDn").code()).isEqualTo(64);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ping",
        "ls",
        "acquire a",
        "token a",
        "inspect a",
        "watch",
        "run a --wait 0s -- true"
      })
  void noServer_is69(String line) {
    server.close();
    CapturedCli.Result result = cli.with("FENCEPOST_SERVER", "127.0.0.1:1").run(line.split(" "));
    assertThat(result.code()).isEqualTo(69);
    assertThat(result.err()).contains("127.0.0.1:1");
  }

  @Test
  void noStore_is69() {
    server.fail("GetServerInfo", Status.UNAVAILABLE.withDescription("STORE_TIMEOUT: 2s"));
    CapturedCli.Result result = cli.run("--timeout", "2s", "ping");
    assertThat(result.code()).isEqualTo(69);
    assertThat(result.err()).contains("STORE_TIMEOUT");
  }

  @Test
  void tooManyRequests_is69() {
    server.fail("Acquire", Status.RESOURCE_EXHAUSTED.withDescription("OVER_LIMIT: waiters"));
    assertThat(cli.run("acquire", "a").code()).isEqualTo(69);
  }

  @Test
  void lockThatIsTaken_is75OrAsAsked() {
    cli.run("acquire", "a", "--owner", "the first");
    CapturedCli.Result result = cli.run("acquire", "a");
    assertThat(result.code()).isEqualTo(75);
    assertThat(result.out()).contains("held by the first", "token", "left");
    assertThat(cli.run("acquire", "a", "-E", "9").code()).isEqualTo(9);
    assertThat(cli.run("run", "a", "--wait", "0", "--", "true").code()).isEqualTo(75);
    assertThat(cli.run("run", "a", "--wait", "0", "-E", "0", "--", "true").code()).isZero();
  }

  @Test
  void grantThatIsGone_is76() {
    cli.run("acquire", "a", "--claim", CLAIM);
    String token = cli.run("token", "a").out().strip();
    server.locks.revoke("a", LossReason.LOSS_REASON_REVOKED);
    cli.with("FENCEPOST_CLAIM", CLAIM).with("FENCEPOST_TOKEN", token);
    CapturedCli.Result renewed = cli.run("renew", "a");
    assertThat(renewed.code()).isEqualTo(76);
    assertThat(renewed.out()).contains("an administrator ended it");
    assertThat(cli.run("release", "a").code()).isEqualTo(76);
  }

  @Test
  void grantLostBeforeItCouldBeCounted_is76() {
    server.locks.acquireDelay = java.time.Duration.ofMillis(700);
    server.fail("Renew", Status.PERMISSION_DENIED);
    assertThat(cli.run("acquire", "a", "--ttl", "2s").code()).isEqualTo(77);
    assertThat(server.calls("Renew")).isEqualTo(1);
  }

  @Test
  void whatIsNotAllowed_is77() {
    server.fail("ForceRelease", Status.PERMISSION_DENIED.withDescription("NOT_ALLOWED: admin"));
    assertThat(cli.run("force-release", "a", "--reason", "x").code()).isEqualTo(77);
    server.fail("Acquire", Status.UNAUTHENTICATED);
    assertThat(cli.run("acquire", "a").code()).isEqualTo(77);
  }

  @Test
  void wrongConfiguration_is78() {
    assertThat(cli.run("server", "--check", "--no.such.key=1").code()).isEqualTo(78);
    assertThat(cli.run("server", "--config", "/no/such/file.yaml").code()).isEqualTo(78);
    assertThat(cli.run("schema", "--store", "nonsense://x").code()).isEqualTo(78);
  }
}
