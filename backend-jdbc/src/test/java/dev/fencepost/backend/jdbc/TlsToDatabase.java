package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.testkit.replica.LockContenders;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS between the backend and a database that demands a certificate of its clients. */
abstract class TlsToDatabase {
  /** The database whose clients need TLS and a certificate. */
  static final String DATABASE = "secured";

  private static final String ADDRESS = "IP:127.0.0.1";

  private final TestAuthority authority = TestAuthority.create("first authority");

  @TempDir Path folder;

  /** The user who needs a certificate and no password. */
  abstract String certifiedUser();

  /** The URI of the database. */
  abstract String uri(String user);

  /** The URI of a database on a server without TLS. */
  abstract String plainUri();

  /** Makes the server use these PEM texts for connections from now on. */
  abstract void secure(TestCertificate certificate, String clientAuthorities) throws IOException;

  /** Ends all connections of a user. */
  abstract void cutConnections(String user);

  /** Makes a user with rights, who needs a password and no certificate. */
  abstract void createUser(String user, String password);

  /** Changes the password of a user. */
  abstract void changePassword(String user, String password);

  @BeforeEach
  final void secure() throws IOException {
    secure(authority.issue(Purpose.SERVER, "database", ADDRESS), authority.certificate());
    authority.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
    TestCertificate.replace(ca(), authority.certificate());
  }

  @Test
  void certificatesOfOneAuthority_areAccepted() {
    try (TestReplica replica = new TestReplica(uri(), options())) {
      replica.acquire("right");
    }
  }

  @Test
  void serverOfAnotherName_isAcceptedByThatNameOnly() throws IOException {
    secure(
        authority.issue(Purpose.SERVER, "database", "DNS:store.internal"), authority.certificate());
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
  void serverWhoseCertificateEnded_isRefused() throws IOException {
    secure(authority.issueExpired(Purpose.SERVER, "database", ADDRESS), authority.certificate());
    assertRefused(options(), "the certificate of the server has ended");
  }

  @Test
  void clientWithoutACertificate_isToldTheOptions() {
    Map<String, String> options = options();
    options.keySet().removeAll(List.of("tls-certificate", "tls-key"));
    assertRefused(options, "tls-certificate", "tls-key");
  }

  @Test
  void clientWhoseCertificateEnded_isToldTheFile() {
    authority.issueExpired(Purpose.CLIENT, "fencepost").write(folder, "client");
    assertRefused(options(), "store option tls-certificate", "client.pem", "ended");
  }

  @Test
  void clientWithoutTls_isRefused() {
    assertThatThrownBy(() -> new TestReplica(uri(), Map.of()))
        .isInstanceOf(StoreConfigurationException.class);
  }

  @Test
  void serverWithoutTls_isRefused() {
    assertThatThrownBy(() -> new TestReplica(plainUri(), options()))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("plain text");
  }

  @Test
  void certificatesAndAuthority_areExchangedUnderLoad() throws IOException {
    TestAuthority next = TestAuthority.create("next authority");
    String both = authority.certificate() + next.certificate();
    try (TestReplica replica = new TestReplica(uri(), options())) {
      LockContenders contenders = new LockContenders("exchanged/", List.of(replica));
      contenders.start();
      contenders.awaitGrants(50);
      TestCertificate.replace(ca(), both);
      secure(authority.issue(Purpose.SERVER, "database", ADDRESS), both);
      next.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
      reconnect(contenders);
      secure(next.issue(Purpose.SERVER, "database", ADDRESS), next.certificate());
      TestCertificate.replace(ca(), next.certificate());
      reconnect(contenders);
      contenders.finish();
      assertThat(contenders.faults()).isEmpty();
    }
    authority.issue(Purpose.CLIENT, "fencepost").write(folder, "client");
    assertThatThrownBy(() -> new TestReplica(uri(), options()))
        .as("a certificate of the former authority")
        .isInstanceOf(RuntimeException.class);
  }

  @Test
  void passwordFile_isReadAtEachLogin() {
    createUser("locker", "first");
    Path file = folder.resolve("password");
    TestCertificate.replace(file, "first\n");
    Map<String, String> options =
        Map.of("tls-ca", ca().toString(), "password-file", file.toString());
    try (TestReplica replica = new TestReplica(uri("locker"), options)) {
      replica.acquire("before");
      changePassword("locker", "second");
      TestCertificate.replace(file, "second\n");
      cutConnections("locker");
      replica.acquire("after");
    }
    TestCertificate.replace(file, "wrong\n");
    assertThatThrownBy(() -> new TestReplica(uri("locker"), options))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("password");
  }

  /** Owners of locks have new connections after this many grants. */
  private void reconnect(LockContenders contenders) {
    cutConnections(certifiedUser());
    contenders.awaitGrants(50);
  }

  private Map<String, String> options() {
    return new HashMap<>(
        Map.of(
            "tls", "true",
            "tls-ca", ca().toString(),
            "tls-certificate", folder.resolve("client.pem").toString(),
            "tls-key", folder.resolve("client.key").toString()));
  }

  private String uri() {
    return uri(certifiedUser());
  }

  private Path ca() {
    return folder.resolve("ca.pem");
  }

  private void assertRefused(Map<String, String> options, String... words) {
    assertThatThrownBy(() -> new TestReplica(uri(), options))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContainingAll(words);
  }

  /** Writes a file that belongs to the owner of a folder, who alone may read it. */
  static void writeAsOwner(Path folder, String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    Files.setOwner(file, Files.getOwner(folder));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }
}
