package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Authentication and TLS. */
final class ZookeeperSecurityTest {
  private static final Map<String, String> USER =
      Map.of("session-timeout", "4s", "user", "fencepost", "password", "secret");
  private static final Map<String, String> STRANGER =
      Map.of("session-timeout", "4s", "user", "stranger", "password", "other");

  @Test
  void digest_keepsStrangersOut() {
    try (ZookeeperServer server = new ZookeeperServer()) {
      server.start();
      String uri = "zookeeper://127.0.0.1:" + server.port() + "/above/mine";
      try (TestReplica replica = new TestReplica(uri, USER);
          TestReplica fellow = new TestReplica(uri, USER);
          ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + server.port())) {
        Grant grant = replica.acquire("digest");
        answer(fellow.backend().release(ReleaseCommand.of(grant.ref())));
        assertThatThrownBy(() -> client.children("/above/mine/locks"))
            .hasMessageContaining("NoAuth");
        for (Map<String, String> options : List.of(STRANGER, TestReplica.OPTIONS)) {
          assertThatThrownBy(() -> new TestReplica(uri, options))
              .isInstanceOf(StoreConfigurationException.class);
        }
      }
    }
  }

  @Test
  void tls_isSpoken(@TempDir Path folder) throws IOException, InterruptedException {
    Path store = folder.resolve("keys.p12");
    Path certificate = folder.resolve("certificate");
    Path trusted = folder.resolve("trusted.p12");
    keytool(
        "-genkeypair -alias test -keyalg EC -dname CN=127.0.0.1 -ext san=ip:127.0.0.1 -validity 2"
            + " -storetype PKCS12 -storepass changeit -keystore "
            + store);
    keytool(
        "-exportcert -alias test -storepass changeit -keystore " + store + " -file " + certificate);
    keytool(
        "-importcert -noprompt -alias test -storetype PKCS12 -storepass changeit -keystore "
            + trusted
            + " -file "
            + certificate);
    ZookeeperServer plain = new ZookeeperServer();
    try (plain;
        ZookeeperServer ports = new ZookeeperServer()) {
      plain
          .with("secureClientPortAddress=127.0.0.1")
          .with("secureClientPort=" + ports.port())
          .with("serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory")
          .with("ssl.clientAuth=none")
          .with("ssl.keyStore.location=" + store)
          .with("ssl.keyStore.password=changeit")
          .with("ssl.trustStore.location=" + trusted)
          .with("ssl.trustStore.password=changeit")
          .start();
      Map<String, String> options =
          Map.of(
              "session-timeout", "4s",
              "tls", "true",
              "tls-truststore", trusted.toString(),
              "tls-truststore-password", "changeit");
      String uri = "zookeeper://127.0.0.1:" + ports.port() + "/tls";
      try (TestReplica replica = new TestReplica(uri, options)) {
        replica.acquire("tls");
      }
    }
  }

  private static void keytool(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/keytool");
    command.addAll(List.of(arguments.split(" ")));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    byte[] said = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).as(new String(said, StandardCharsets.UTF_8)).isZero();
  }
}
