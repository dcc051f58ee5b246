package dev.fencepost.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Applications at a server that demands TLS, certificates or tokens. */
class SecureServerTest {
  @TempDir Path folder;

  @BeforeEach
  void makeCertificates() {
    TestAuthority authority = TestAuthority.create("locks authority");
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    authority.issue(Purpose.SERVER, "locks", "DNS:localhost").write(folder, "server");
    authority.issue(Purpose.CLIENT, "orders", "DNS:orders").write(folder, "orders");
  }

  @Test
  void properties_ofMutualTls_reachAServerThatDemandsIt() throws Exception {
    try (FencepostServer server = start(Map.of("tls.client-ca", file("ca.pem")));
        ConfigurableApplicationContext application =
            start(
                server,
                "fencepost.tls.authorities=" + file("ca.pem"),
                "fencepost.tls.certificate=" + file("orders.pem"),
                "fencepost.tls.key=" + file("orders.key"),
                "fencepost.tls.server-name=localhost")) {
      assertThat(acquire(application)).isPresent();
    }
  }

  @Test
  void disabledTls_speaksPlainText() throws Exception {
    try (FencepostServer server = start(Map.of());
        ConfigurableApplicationContext application =
            start(
                server,
                "fencepost.call-timeout=1s",
                "fencepost.tls.authorities=" + file("ca.pem"),
                "fencepost.tls.enabled=false")) {
      assertThatThrownBy(() -> acquire(application))
          .hasMessageContaining("the server speaks TLS and this client plain text");
    }
  }

  @Test
  void enabledTls_aloneTrustsTheAuthoritiesOfTheJvm() throws Exception {
    try (FencepostServer server = start(Map.of());
        ConfigurableApplicationContext application =
            start(server, "fencepost.call-timeout=1s", "fencepost.tls.enabled=true")) {
      assertThatThrownBy(() -> acquire(application))
          .hasMessageContaining("of no authority that this client trusts");
    }
  }

  @Test
  void bearerFile_provesTheIdentity() throws Exception {
    StaticToken token = StaticToken.create("orders", new SecureRandom());
    Files.writeString(folder.resolve("tokens"), token.line() + "\n");
    Files.writeString(folder.resolve("orders.token"), token.text() + "\n");
    Files.writeString(folder.resolve("rules"), "version 1\nallow token:orders use on **\n");
    Map<String, String> settings =
        Map.of("rules.file", file("rules"), "identity.tokens-file", file("tokens"));
    String authorities = "fencepost.tls.authorities=" + file("ca.pem");
    String name = "fencepost.tls.server-name=localhost";
    try (FencepostServer server = start(settings);
        ConfigurableApplicationContext nobody =
            start(server, authorities, name, "fencepost.call-timeout=1s");
        ConfigurableApplicationContext orders =
            start(server, authorities, name, "fencepost.bearer-file=" + file("orders.token"))) {
      assertThat(acquire(orders)).isPresent();
      assertThatThrownBy(() -> acquire(nobody)).hasMessageContaining("NO_CREDENTIAL");
    }
  }

  @Test
  void certificateWithoutKey_isRefusedAtTheStart() {
    assertThatThrownBy(() -> start("localhost:1", "fencepost.tls.certificate=orders.pem"))
        .hasStackTraceContaining("fencepost.tls.certificate, fencepost.tls.key: one is missing");
  }

  @Test
  void missingFile_isNamedAtTheStart() {
    assertThatThrownBy(() -> start("localhost:1", "fencepost.tls.authorities=/none/ca.pem"))
        .hasStackTraceContaining("/none/ca.pem");
  }

  private static Optional<LockHandle> acquire(ConfigurableApplicationContext application) {
    return application.getBean(FencepostClient.class).lock("orders/1").tryAcquire();
  }

  private FencepostServer start(Map<String, String> more) throws Exception {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("store", SampleStoreProvider.URI);
    settings.put("listen", "127.0.0.1:0");
    settings.put("http-listen", "off");
    settings.put("drain-timeout", "0s");
    settings.put("tls.certificate", file("server.pem"));
    settings.put("tls.key", file("server.key"));
    return FencepostServer.start(ServerConfig.load(settings, Map.of()));
  }

  private static ConfigurableApplicationContext start(FencepostServer server, String... more) {
    return start("127.0.0.1:" + server.port(), more);
  }

  private static ConfigurableApplicationContext start(String target, String... more) {
    return new SpringApplicationBuilder(SampleApplication.class)
        .properties("fencepost.target=" + target, "spring.datasource.generate-unique-name=true")
        .properties(more)
        .run();
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }
}
