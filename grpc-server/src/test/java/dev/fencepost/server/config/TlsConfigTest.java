package dev.fencepost.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.server.transport.TlsSettings;
import dev.fencepost.server.transport.TlsSettings.ClientAuth;
import dev.fencepost.server.transport.TlsSettings.MinVersion;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsConfigTest {
  private final TestAuthority authority = TestAuthority.create("authority");

  @TempDir private Path folder;

  @BeforeEach
  void writeFiles() {
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    authority.issue(Purpose.SERVER, "locks", "DNS:localhost").write(folder, "server");
    authority.issue(Purpose.SERVER, "other", "DNS:localhost").write(folder, "other");
    authority.issueExpired(Purpose.SERVER, "late", "DNS:localhost").write(folder, "late");
  }

  @Test
  void noCertificate_meansPlainTextOnTheLoopbackAddress() {
    assertThat(load().tls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:7420", "[::]:7420", "192.0.2.1:7420"})
  void plainTextBeyondThisMachine_isRefusedWithTheKeysThatHelp(String address) {
    assertThat(problems("listen", address, "http-listen", "0.0.0.0:0"))
        .satisfiesExactly(
            listen ->
                assertThat(listen)
                    .startsWith("listen: \"" + address + "\" (expected: a loopback address")
                    .contains("tls.certificate", "tls.key", "tls.plain-text: anywhere")
                    .endsWith("in flag --listen"),
            http -> assertThat(http).startsWith("http-listen: \"0.0.0.0:0\" (expected: a loop"));
  }

  @Test
  void plainTextAnywhere_isPossibleByName() {
    assertThat(load("listen", "0.0.0.0:7420", "tls.plain-text", "anywhere").tls()).isEmpty();
  }

  @Test
  void certificate_permitsAllAddresses() {
    TlsSettings tls =
        load(
                "listen",
                "0.0.0.0:7420",
                "http-listen",
                "0.0.0.0:7421",
                "tls.certificate",
                file("server.pem"),
                "tls.key",
                file("server.key"))
            .tls()
            .orElseThrow();

    assertThat(tls.clientAuth()).isEqualTo(ClientAuth.OFF);
    assertThat(tls.minVersion()).isEqualTo(MinVersion.TLS_1_2);
  }

  @Test
  void authorityOfClients_demandsCertificatesByDefault() {
    assertThat(withCertificate("tls.client-ca", file("ca.pem")).clientAuth())
        .isEqualTo(ClientAuth.REQUIRED);
    assertThat(
            withCertificate("tls.client-ca", file("ca.pem"), "tls.client-auth", "optional")
                .clientAuth())
        .isEqualTo(ClientAuth.OPTIONAL);
  }

  @Test
  void allFaultsOfFiles_areReportedTogether() {
    TestCertificate.replace(folder.resolve("empty.pem"), "no certificate");

    assertThat(
            problems(
                "tls.certificate",
                file("none.pem"),
                "tls.key",
                file("server.key"),
                "tls.client-ca",
                file("empty.pem"),
                "tls.min-version",
                "1.1",
                "tls.plain-text",
                "sometimes"))
        .satisfiesExactly(
            version -> assertThat(version).startsWith("tls.min-version: \"1.1\" (expected: 1.2 or"),
            plain -> assertThat(plain).startsWith("tls.plain-text: \"sometimes\" (expected: one"),
            certificate ->
                assertThat(certificate)
                    .startsWith("tls.certificate: \"" + file("none.pem") + "\" (expected: a usable")
                    .contains("there is no such file"),
            ca -> assertThat(ca).startsWith("tls.client-ca").contains("it has no certificate"));
  }

  @Test
  void certificateOfAnotherKey_isRefused() {
    assertThat(problems("tls.certificate", file("server.pem"), "tls.key", file("other.key")))
        .singleElement()
        .asString()
        .startsWith("tls.key: ")
        .contains("it is not the key of the certificate in " + file("server.pem"));
  }

  @Test
  void expiredCertificate_isRefusedWithItsEnd() {
    assertThat(problems("tls.certificate", file("late.pem"), "tls.key", file("late.key")))
        .singleElement()
        .asString()
        .startsWith("tls.certificate: ")
        .contains("the certificate ended at 2021-01-01T00:00:00Z");
  }

  @Test
  void certificateWithoutKey_isRefused() {
    assertThat(problems("tls.certificate", file("server.pem")))
        .singleElement()
        .asString()
        .startsWith(
            "tls.key: \"\" (expected: a file; tls.certificate and tls.key are set together");
  }

  @Test
  void settingsOfClientsWithoutTls_areRefused() {
    assertThat(problems("tls.client-ca", file("ca.pem")))
        .singleElement()
        .asString()
        .startsWith("tls.client-ca: ");
    assertThat(problems("plain-listen", "127.0.0.1:7422"))
        .singleElement()
        .asString()
        .startsWith("plain-listen: \"127.0.0.1:7422\" (expected: off");
    assertThat(problems("tls.client-auth", "required"))
        .singleElement()
        .asString()
        .startsWith("tls.client-auth: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"})
  void keyInAnotherForm_isRefusedWithTheCommandThatConvertsIt(String label) {
    TestCertificate.replace(
        folder.resolve("old.key"),
        "-----BEGIN " + label + "-----\nProc-Type: 4\n\nAAAA\n-----END " + label + "-----\n");

    assertThat(problems("tls.certificate", file("server.pem"), "tls.key", file("old.key")))
        .singleElement()
        .asString()
        .startsWith("tls.key: ")
        .contains(label, "openssl pkcs8 -topk8 -nodes");
  }

  private TlsSettings withCertificate(String... more) {
    String[] settings = new String[more.length + 4];
    System.arraycopy(more, 0, settings, 4, more.length);
    settings[0] = "tls.certificate";
    settings[1] = file("server.pem");
    settings[2] = "tls.key";
    settings[3] = file("server.key");
    return load(settings).tls().orElseThrow();
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }

  private static ServerConfig load(String... keysAndValues) {
    Map<String, String> flags = new HashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      flags.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return ServerConfig.load(flags, Map.of());
  }

  private static List<String> problems(String... keysAndValues) {
    return catchThrowableOfType(ConfigException.class, () -> load(keysAndValues))
        .problems()
        .stream()
        .map(ConfigProblem::toString)
        .toList();
  }
}
