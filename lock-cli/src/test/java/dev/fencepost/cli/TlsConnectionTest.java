package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands over TLS with a real server: options, variables and contexts. */
class TlsConnectionTest {
  @TempDir private static Path folder;
  private static FencepostServer mutual;
  private static FencepostServer plain;

  @TempDir private Path home;
  private CapturedCli cli;

  @BeforeAll
  static void start() throws Exception {
    TestAuthority authority = TestAuthority.create("locks authority");
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    TestCertificate.replace(
        folder.resolve("other.pem"), TestAuthority.create("other").certificate());
    authority.issue(Purpose.SERVER, "locks", "IP:127.0.0.1").write(folder, "server");
    authority.issue(Purpose.CLIENT, "orders").write(folder, "orders");
    mutual =
        server(
            "mutual",
            Map.of(
                "tls.certificate",
                file("server.pem"),
                "tls.key",
                file("server.key"),
                "tls.client-ca",
                file("ca.pem")));
    plain = server("plain", Map.of());
  }

  @AfterAll
  static void stop() {
    mutual.close();
    plain.close();
  }

  @BeforeEach
  void newUser() {
    cli = new CapturedCli().with("HOME", home.toString());
  }

  @Test
  void options_reachAServerThatDemandsACertificate() {
    assertThat(run("acquire", "a").code()).isZero();
  }

  @Test
  void run_renewsOverTlsAndTellsItsCommandHow() {
    CapturedCli.Result result =
        run(
            "run",
            "b",
            "--shell",
            "--",
            "echo $FENCEPOST_TLS_CA $FENCEPOST_CLIENT_CERT >&2; exit 3");

    assertThat(result.code()).isEqualTo(3);
  }

  @Test
  void grantVariables_reachTheSameServerInTheSameWay() {
    String lines = run("acquire", "c", "-o", "env").out();

    assertThat(lines)
        .contains("FENCEPOST_TLS_CA=", "FENCEPOST_CLIENT_CERT=", "FENCEPOST_CLIENT_KEY=");
  }

  @Test
  void missingCertificate_isExplained() {
    CapturedCli.Result result =
        cli.run("ping", "--server", address(mutual), "--tls-ca", file("ca.pem"));

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err())
        .contains(address(mutual))
        .contains("this client has none of an authority that the server knows");
  }

  @Test
  void watchWithoutCertificate_isExplained() {
    CapturedCli.Result result =
        cli.run("watch", "--name", "a", "--server", address(mutual), "--tls-ca", file("ca.pem"));

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err()).contains("this client has none of an authority that the server knows");
  }

  @Test
  void serverOfAnotherAuthority_isNotTrusted() {
    CapturedCli.Result result =
        cli.run("ping", "--server", address(mutual), "--tls-ca", file("other.pem"));

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err()).contains("of no authority that this client trusts");
  }

  @Test
  void serverWithAnotherName_isNotTrusted() {
    CapturedCli.Result result = run("ping", "--tls-server-name", "locks.example");

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err()).contains("the certificate of the server is for another name");
  }

  @Test
  void plainTextToATlsServer_isExplained() {
    CapturedCli.Result result = cli.run("ping", "--server", address(mutual));

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err()).contains("the server speaks TLS and this client plain text");
  }

  @Test
  void tlsToAPlainServer_isExplained() {
    CapturedCli.Result result =
        cli.run("ping", "--server", address(plain), "--tls-ca", file("ca.pem"));

    assertThat(result.code()).isEqualTo(77);
    assertThat(result.err()).contains("the server speaks plain text and this client TLS");
  }

  @Test
  void missingFile_isNamed() {
    CapturedCli.Result result =
        cli.run("ping", "--server", address(mutual), "--tls-ca", file("none.pem"));

    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains(file("none.pem") + ": there is no such file");
  }

  @Test
  void token_isNotSentInPlainTextToAnotherMachine() {
    CapturedCli.Result result =
        cli.run("ping", "--server", "192.0.2.1:1", "--token-file", file("ca.pem"));

    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains("a token is not sent in plain text to another machine");
  }

  @Test
  void context_hasTheServerAndItsFiles() {
    assertThat(addContext("prod").code()).isZero();

    assertThat(cli.run("ping").code()).isZero();
    assertThat(cli.run("--context", "prod", "acquire", "d").code()).isZero();
    assertThat(cli.run("context", "ls").out()).isEqualTo("* prod  " + address(mutual) + "\n");
  }

  @Test
  void currentContext_isChosenByUse() {
    addContext("prod");
    assertThat(cli.run("context", "add", "dev", "--server", address(plain)).code()).isZero();

    assertThat(cli.run("ping").out()).startsWith(address(mutual));
    assertThat(cli.run("context", "use", "dev").code()).isZero();
    assertThat(cli.run("ping").out()).startsWith(address(plain));
    assertThat(cli.with("FENCEPOST_CONTEXT", "prod").run("ping").out()).startsWith(address(mutual));
  }

  @Test
  void serverOfTheCommandLine_getsNothingFromAContext() {
    addContext("prod");

    CapturedCli.Result byFlag = cli.run("ping", "--server", address(mutual));
    CapturedCli.Result byVariable = cli.with("FENCEPOST_SERVER", address(mutual)).run("ping");
    CapturedCli.Result both = cli.run("--context", "prod", "ping");

    assertThat(byFlag.code()).isEqualTo(77);
    assertThat(byVariable.code()).isEqualTo(77);
    assertThat(both.code()).isEqualTo(64);
    assertThat(both.err()).contains("are both given");
  }

  @Test
  void contextsThatOthersMayUse_areRefused() throws IOException {
    addContext("prod");
    Path file = home.resolve(".config/fencepost/contexts.yaml");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

    CapturedCli.Result result = cli.run("ping");

    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains("chmod 600 " + file);
  }

  @Test
  void wrongLineOfContexts_isReportedWithItsNumber() throws IOException {
    addContext("prod");
    Path file = home.resolve(".config/fencepost/contexts.yaml");
    Files.writeString(file, "current: prod\ncontexts:\n  prod:\n    sevrer: a\n");

    CapturedCli.Result result = cli.run("ping");

    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains(file + ":4: ");
  }

  @Test
  void unknownContext_isNamed() {
    CapturedCli.Result result = cli.run("--context", "none", "ping");

    assertThat(result.code()).isEqualTo(64);
    assertThat(result.err()).contains("there is no context none");
  }

  private CapturedCli.Result addContext(String name) {
    return cli.run(
        "context",
        "add",
        name,
        "--server",
        address(mutual),
        "--tls-ca",
        file("ca.pem"),
        "--tls-cert",
        file("orders.pem"),
        "--tls-key",
        file("orders.key"));
  }

  /** Runs a command with the right certificate. */
  private CapturedCli.Result run(String... words) {
    return cli.with("FENCEPOST_SERVER", address(mutual))
        .with("FENCEPOST_TLS_CA", file("ca.pem"))
        .with("FENCEPOST_CLIENT_CERT", file("orders.pem"))
        .with("FENCEPOST_CLIENT_KEY", file("orders.key"))
        .run(words);
  }

  private static FencepostServer server(String store, Map<String, String> more) throws Exception {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("store", "h2:" + folder.resolve(store));
    settings.put("listen", "127.0.0.1:0");
    settings.put("http-listen", "off");
    return FencepostServer.start(ServerConfig.load(settings, Map.of()));
  }

  private static String address(FencepostServer server) {
    return server.address().toString();
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }
}
