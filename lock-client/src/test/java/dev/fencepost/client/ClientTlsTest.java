package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shows clients over TLS on real servers, and how they explain what does not work. */
class ClientTlsTest {
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration SHORT_WAIT = Duration.ofSeconds(3);

  private final TestAuthority authority = TestAuthority.create("locks authority");
  private final TestCluster cluster = TestCluster.of(0);
  @TempDir private Path folder;

  @BeforeEach
  void start() {
    TestCertificate.replace(file("ca.pem"), authority.certificate());
    authority
        .issue(Purpose.SERVER, "locks", "DNS:localhost", "IP:127.0.0.1")
        .write(folder, "server");
    authority.issue(Purpose.CLIENT, "orders", "URI:spiffe://test/orders").write(folder, "orders");
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void lock_isHeldThroughMutualTls() throws Exception {
    startMutual();
    try (FencepostClient client = client(orders());
        LockHandle lock = client.lock("a").acquire(WAIT)) {
      assertThat(lock.isHeld()).isTrue();
    }
  }

  @Test
  void clientWithoutCertificate_isToldThatOneIsDemanded() {
    startMutual();
    try (FencepostClient client = client(ClientTls.of(file("ca.pem")))) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("this client has none of an authority that the server knows");
    }
  }

  @Test
  void clientWithExpiredCertificate_isToldThatItIsNotAccepted() {
    authority.issueExpired(Purpose.CLIENT, "late").write(folder, "late");
    assertThatThrownBy(
            () ->
                client(
                    ClientTls.of(file("ca.pem")).certificate(file("late.pem"), file("late.key"))))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("the certificate ended at 2021-01-01");
  }

  @Test
  void clientOfAnotherAuthority_isToldThatItIsNotAccepted() {
    startMutual();
    TestAuthority.create("other").issue(Purpose.CLIENT, "x").write(folder, "stranger");
    try (FencepostClient client =
        client(
            ClientTls.of(file("ca.pem")).certificate(file("stranger.pem"), file("stranger.key")))) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("this client has none of an authority that the server knows");
    }
  }

  @Test
  void serverOfAnotherAuthority_isNotTrusted() {
    startMutual();
    TestCertificate.replace(file("other.pem"), TestAuthority.create("other").certificate());
    try (FencepostClient client = client(ClientTls.of(file("other.pem")))) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("of no authority that this client trusts");
    }
  }

  @Test
  void serverWithAnotherName_isNotTrusted() {
    startMutual();
    try (FencepostClient client = client(orders().serverName("locks.example"))) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("the certificate of the server is for another name");
    }
  }

  @Test
  void tlsToAPlainServer_isExplained() {
    cluster.start();
    try (FencepostClient client = client(orders())) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("the server speaks plain text and this client TLS");
    }
  }

  @Test
  void plainTextToATlsServer_isExplained() {
    startMutual();
    try (FencepostClient client = plainClient()) {
      assertThatThrownBy(() -> client.lock("a").acquire(SHORT_WAIT))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining("the server speaks TLS and this client plain text");
    }
  }

  @Test
  void missingFile_isNamedAtOnce() {
    assertThatThrownBy(() -> client(ClientTls.of(file("none.pem"))))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("tls: ")
        .hasMessageContaining("none.pem")
        .hasMessageContaining("there is no such file");
  }

  @Test
  void exchangedCertificate_movesTheSessionAndKeepsLocksAndWaits() throws Exception {
    startMutual();
    try (FencepostClient client = client(orders());
        LockHandle held = client.lock("a").acquire(WAIT)) {
      CompletableFuture<LockHandle> waiting = client.lock("a").acquireAsync(WAIT);
      await().until(() -> metric("fencepost_sessions") == 1);

      authority.issue(Purpose.CLIENT, "orders-2").write(folder, "orders");

      await().until(() -> metric("fencepost_connections_accepted_total") == 2);
      assertThat(held.isHeld()).isTrue();
      held.release();
      waiting.join().close();
      await().until(() -> metric("fencepost_connections") == 1);
    }
  }

  private double metric(String name) throws Exception {
    SSLContext tls =
        new TlsFiles(Optional.empty(), Optional.empty(), Optional.of(file("ca.pem")))
            .load()
            .newContext();
    URI uri = URI.create("https://" + cluster.server(0).httpAddress().orElseThrow() + "/metrics");
    String page =
        HttpClient.newBuilder()
            .sslContext(tls)
            .build()
            .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
            .body();
    return page.lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }

  private ClientTls orders() {
    return ClientTls.of(file("ca.pem")).certificate(file("orders.pem"), file("orders.key"));
  }

  private FencepostClient client(ClientTls tls) {
    return FencepostClient.builder(cluster.target().isEmpty() ? "127.0.0.1:1" : cluster.target())
        .tls(tls)
        .callTimeout(CALL_TIMEOUT)
        .build();
  }

  private FencepostClient plainClient() {
    return FencepostClient.builder(cluster.target()).callTimeout(CALL_TIMEOUT).build();
  }

  private void startMutual() {
    cluster.startAt(
        0,
        "tls.certificate",
        file("server.pem").toString(),
        "tls.key",
        file("server.key").toString(),
        "tls.client-ca",
        file("ca.pem").toString());
  }

  private Path file(String name) {
    return folder.resolve(name);
  }
}
