package dev.fencepost.backend.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.replica.LockContenders;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS with PEM files, to a server that demands a certificate of its clients. */
final class ZookeeperTlsTest {
  private static final String ADDRESS = "IP:127.0.0.1";
  private static final int SECURE_PORT = FreePort.next();

  @TempDir static Path serverFiles;

  private static ZookeeperServer server;

  private final TestAuthority authority = TestAuthority.create("first authority");

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    Path own = serverFiles.resolve("server.pem");
    Path clients = serverFiles.resolve("clients.pem");
    secureFiles(
        TestAuthority.create("unused").issue(Purpose.SERVER, "unused"),
        TestAuthority.create("unused").certificate());
    server =
        new ZookeeperServer()
            .with("secureClientPortAddress=127.0.0.1")
            .with("secureClientPort=" + SECURE_PORT)
            .with("serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory")
            .with("ssl.keyStore.location=" + own)
            .with("ssl.keyStore.type=PEM")
            .with("ssl.trustStore.location=" + clients)
            .with("ssl.trustStore.type=PEM");
    server.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void secure() {
    secure(authority.issue(Purpose.SERVER, "ensemble", ADDRESS), authority.certificate());
    authority.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
    TestCertificate.replace(ca(), authority.certificate());
  }

  @Test
  void certificatesOfOneAuthority_areAccepted_andLeaveNoFile() throws IOException {
    List<Path> before = keyStores();
    try (TestReplica replica = new TestReplica(uri(), options())) {
      replica.acquire("right");
      assertThat(keyStores()).hasSize(before.size() + 1);
    }
    assertThat(keyStores()).isEqualTo(before);
  }

  @Test
  void serverOfAnotherName_isAcceptedByThatNameOnly() {
    secure(
        authority.issue(Purpose.SERVER, "ensemble", "DNS:store.internal"), authority.certificate());
    Map<String, String> options = options();
    assertRefused(options, "another name", "tls-server-name");
    options.put("tls-server-name", "other.internal");
    assertRefused(options, "another name", "tls-server-name");
    options.put("tls-server-name", "store.internal");
    try (TestReplica replica = new TestReplica(uri(), options)) {
      replica.acquire("by its name");
    }
  }

  @Test
  void serverOfAnotherAuthority_isRefused() {
    TestCertificate.replace(ca(), TestAuthority.create("another").certificate());
    assertRefused(options(), "no authority", "tls-ca");
  }

  @Test
  void serverWhoseCertificateEnded_isRefused() {
    secure(authority.issueExpired(Purpose.SERVER, "ensemble", ADDRESS), authority.certificate());
    assertRefused(options(), "the certificate of the server has ended");
  }

  @Test
  void clientWithoutACertificate_isToldTheOptions() {
    Map<String, String> options = options();
    options.keySet().removeAll(List.of("tls-certificate", "tls-key"));
    assertRefused(options, "certificate", "tls-certificate", "tls-key");
  }

  @Test
  void clientWhoseCertificateEnded_isToldTheFile() {
    authority.issueExpired(Purpose.CLIENT, "fencepost").write(folder, "client");
    assertRefused(options(), "store option tls-certificate", "client.pem", "ended");
  }

  @Test
  void certificatesAndAuthority_areExchangedUnderLoad() {
    TestAuthority next = TestAuthority.create("next authority");
    String both = authority.certificate() + next.certificate();
    try (TestReplica replica = new TestReplica(uri(), options())) {
      LockContenders contenders = new LockContenders("exchanged/", List.of(replica));
      contenders.start();
      contenders.awaitGrants(50);
      TestCertificate.replace(ca(), both);
      next.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
      secure(authority.issue(Purpose.SERVER, "ensemble", ADDRESS), both);
      contenders.awaitGrants(50);
      TestCertificate.replace(ca(), next.certificate());
      secure(next.issue(Purpose.SERVER, "ensemble", ADDRESS), next.certificate());
      contenders.awaitGrants(50);
      contenders.finish();
      assertThat(contenders.faults()).isEmpty();
    }
    authority.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
    assertRefused(options(), "certificate", "tls-certificate");
  }

  @Test
  void passwordFile_holdsTheDigestPassword() {
    Path password = folder.resolve("password");
    TestCertificate.replace(password, "secret\n");
    // Without TLS: a certificate would be an identity of its own.
    String uri = "zookeeper://127.0.0.1:" + server.port() + "/digest";
    Map<String, String> options = new HashMap<>(Map.of("session-timeout", "4s"));
    options.put("user", "fencepost");
    options.put("password-file", password.toString());
    try (TestReplica replica = new TestReplica(uri, options)) {
      replica.acquire("digest");
    }
    options.remove("password-file");
    options.put("password", "secret");
    try (TestReplica replica = new TestReplica(uri, options)) {
      replica.acquire("the same identity");
    }
    options.put("password", "other");
    assertRefused(uri, options, "ZooKeeper");
  }

  /** Exchanges what the server uses; a client has a new connection after that. */
  private static void secure(TestCertificate certificate, String clientAuthorities) {
    secureFiles(certificate, clientAuthorities);
    server.restart();
  }

  private static void secureFiles(TestCertificate certificate, String clientAuthorities) {
    TestCertificate.replace(
        serverFiles.resolve("server.pem"), certificate.certificate() + certificate.key());
    TestCertificate.replace(serverFiles.resolve("clients.pem"), clientAuthorities);
  }

  private static String uri() {
    return "zookeeper://127.0.0.1:" + SECURE_PORT + "/tls";
  }

  private Map<String, String> options() {
    return new HashMap<>(
        Map.of(
            "session-timeout", "4s",
            "tls", "true",
            "tls-ca", ca().toString(),
            "tls-certificate", folder.resolve("client.pem").toString(),
            "tls-key", folder.resolve("client.key").toString()));
  }

  private Path ca() {
    return folder.resolve("ca.pem");
  }

  private static void assertRefused(Map<String, String> options, String... words) {
    assertRefused(uri(), options, words);
  }

  private static void assertRefused(String uri, Map<String, String> options, String... words) {
    assertThatThrownBy(() -> new TestReplica(uri, options))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContainingAll(words);
  }

  /** The client's key stores in the folder for temporary files. */
  private static List<Path> keyStores() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files
          .filter(file -> file.getFileName().toString().matches("fencepost-.*[.]p12"))
          .sorted()
          .toList();
    }
  }
}
