package dev.fencepost.server;

import static dev.fencepost.server.TlsFixture.acquire;
import static dev.fencepost.server.TlsFixture.isRefusedByTls;
import static dev.fencepost.server.TlsFixture.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.tls.TlsMaterial.CertifiedKey;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.TestRequests;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows who gets in over TLS, on real sockets with certificates that the test makes. */
class ServerTlsTest {
  private TlsFixture tls;

  @BeforeEach
  void makeCertificates(@TempDir Path folder) {
    tls = new TlsFixture(folder);
  }

  @AfterEach
  void closeChannels() {
    tls.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void clientThatTrustsTheAuthority_isServed(String protocol) throws Exception {
    try (NettyServer server = new NettyServer(tls.serverOnly())) {
      ManagedChannel channel = tls.channel(server.server.port(), "ca", "", protocol);

      assertThat(acquire(channel, "a").hasGranted()).isTrue();
    }
  }

  @Test
  void clientOfAnotherAuthority_leavesTheServer() throws Exception {
    TestAuthority other = TestAuthority.create("other authority");
    TestCertificate.replace(tls.folder.resolve("other.pem"), other.certificate());
    try (NettyServer server = new NettyServer(tls.serverOnly())) {
      ManagedChannel channel = tls.channel(server.server.port(), "other", "", "TLSv1.3");

      assertThat(isRefusedByTls(outcome(channel, "a"))).isTrue();
    }
  }

  @Test
  void oldVersionOfTls_isRefused() throws Exception {
    try (NettyServer server = new NettyServer(tls.mutual("tls.min-version", "1.3"))) {
      ManagedChannel old = tls.channel(server.server.port(), "ca", "orders", "TLSv1.2");
      ManagedChannel current = tls.channel(server.server.port(), "ca", "orders", "TLSv1.3");

      assertThat(isRefusedByTls(outcome(old, "a"))).isTrue();
      assertThat(outcome(current, "a").isOk()).isTrue();
    }
  }

  @Test
  void plainTextToTheTlsPort_isRefused() throws Exception {
    try (NettyServer server = new NettyServer(tls.serverOnly())) {
      ManagedChannel plain =
          tls.keep(
              NettyChannelBuilder.forAddress("127.0.0.1", server.server.port())
                  .usePlaintext()
                  .build());

      assertThat(outcome(plain, "a").getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void requiredCertificate_letsInTheRightOneOnly() throws Exception {
    TestAuthority other = TestAuthority.create("other authority");
    TlsFixture.client(other, "stranger").write(tls.folder, "stranger");
    tls.authority.issueExpired(Purpose.CLIENT, "late").write(tls.folder, "late");
    tls.authority.issue(Purpose.SERVER, "server").write(tls.folder, "misused");
    try (NettyServer server = new NettyServer(tls.mutual())) {
      int port = server.server.port();

      assertThat(outcome(tls.channel(port, "orders"), "a").isOk()).isTrue();
      assertThat(isRefusedByTls(outcome(tls.channel(port), "a"))).isTrue();
      // Netty's client shows a certificate even if the server does not list its authority.
      assertThat(isRefusedByTls(outcome(tls.channel(port, "stranger"), "a"))).isTrue();
      assertThat(isRefusedByTls(outcome(tls.channel(port, "late"), "a"))).isTrue();
      assertThat(isRefusedByTls(outcome(tls.channel(port, "misused"), "a"))).isTrue();
    }
  }

  @Test
  void optionalCertificate_letsInClientsWithout() throws Exception {
    tls.authority.issueExpired(Purpose.CLIENT, "late").write(tls.folder, "late");
    try (NettyServer server = new NettyServer(tls.mutual("tls.client-auth", "optional"))) {
      int port = server.server.port();

      assertThat(outcome(tls.channel(port), "a").isOk()).isTrue();
      assertThat(outcome(tls.channel(port, "orders"), "b").isOk()).isTrue();
      assertThat(isRefusedByTls(outcome(tls.channel(port, "late"), "c"))).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void noSession_isResumed(String protocol) throws Exception {
    try (NettyServer server = new NettyServer(tls.mutual())) {
      CountingTrust trust = new CountingTrust(tls.material("").newTrustManager());
      SSLContext client = SSLContext.getInstance("TLS");
      client.init(keyManagers("orders"), new TrustManager[] {trust}, null);

      connect(client, protocol, server.server.port());
      connect(client, protocol, server.server.port());

      // The second connection would not show the server's certificate if it resumed the first.
      assertThat(trust.judged.get()).isEqualTo(2);
    }
  }

  private KeyManager[] keyManagers(String name) throws Exception {
    CertifiedKey own = tls.material(name).identity().orElseThrow();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("own", own.key(), new char[0], own.chain().toArray(new Certificate[0]));
    KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  /** Makes a connection of HTTP/2, and reads the first frame of the server. */
  private static void connect(SSLContext client, String protocol, int port) throws IOException {
    try (SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket("127.0.0.1", port)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {protocol});
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      OutputStream out = socket.getOutputStream();
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}); // empty SETTINGS
      out.flush();
      assertThat(socket.getInputStream().readNBytes(9)).hasSize(9);
    }
  }

  /** Counts how often the certificate of a server is judged. */
  private static final class CountingTrust implements X509TrustManager {
    private final X509TrustManager judge;
    private final AtomicInteger judged = new AtomicInteger();

    CountingTrust(X509TrustManager judge) {
      this.judge = judge;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String keyKind)
        throws CertificateException {
      judge.checkClientTrusted(chain, keyKind);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String keyKind)
        throws CertificateException {
      judged.incrementAndGet();
      judge.checkServerTrusted(chain, keyKind);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return judge.getAcceptedIssuers();
    }
  }

  @Test
  void withdrawnAuthority_endsOpenConnections() throws Exception {
    TestAuthority next = TestAuthority.create("next authority");
    TestCertificate.replace(
        tls.folder.resolve("ca.pem"), tls.authority.certificate() + next.certificate());
    TlsFixture.client(next, "billing").write(tls.folder, "billing");
    try (NettyServer server = new NettyServer(tls.mutual())) {
      ManagedChannel old = tls.channel(server.server.port(), "orders");
      ManagedChannel current = tls.channel(server.server.port(), "billing");
      AcquireFuture waitsOnOld = waiting(old, "a");
      AcquireFuture waitsOnCurrent = waiting(current, "b");

      TestCertificate.replace(tls.folder.resolve("ca.pem"), next.certificate());

      assertThatThrownBy(() -> waitsOnOld.get(10, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(StatusRuntimeException.class);
      assertThat(waitsOnCurrent).isNotDone();
      assertThat(isRefusedByTls(outcome(old, "c"))).isTrue();
      assertThat(outcome(current, "c").isOk()).isTrue();
    }
  }

  /** Waits for a lock that another claim holds. */
  private static AcquireFuture waiting(ManagedChannel channel, String lock) {
    acquire(channel, lock);
    return AcquireFuture.start(
        channel, TestRequests.claim(lock).setWait(TestRequests.seconds(60)).build());
  }

  @Test
  void wrongFilesDuringTheRun_changeNothing() throws Exception {
    try (NettyServer server = new NettyServer(tls.mutual())) {
      TestCertificate.replace(tls.folder.resolve("server.pem"), "-----BEGIN CERTIFICATE-----");
      TestCertificate other = TlsFixture.server(tls.authority);
      // The key fits no certificate until both are written.
      TestCertificate.replace(tls.folder.resolve("server.key"), other.key());

      assertThat(outcome(tls.channel(server.server.port(), "orders"), "a").isOk()).isTrue();

      TestCertificate.replace(tls.folder.resolve("server.pem"), other.certificate());
      byte[] expected = certificates(other.certificate());
      await().until(() -> Arrays.equals(shown(server.server.port()), expected));
    }
  }

  private byte[] shown(int port) throws Exception {
    try (SSLSocket socket =
        (SSLSocket) tls.context("orders").getSocketFactory().createSocket("127.0.0.1", port)) {
      return socket.getSession().getPeerCertificates()[0].getEncoded();
    }
  }

  private static byte[] certificates(String pem) throws CertificateException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
        .getEncoded();
  }

  @Test
  void plainPort_servesTheSameLocksWhileClientsMove() throws Exception {
    int port = FreePort.next();
    try (NettyServer server = new NettyServer(tls.mutual("plain-listen", "127.0.0.1:" + port))) {
      ManagedChannel plain =
          tls.keep(NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build());

      assertThat(acquire(plain, "a").hasGranted()).isTrue();
      ManagedChannel encrypted = tls.channel(server.server.port(), "orders");
      assertThat(acquire(encrypted, "a").hasNotGranted()).isTrue();
      assertThat(acquire(encrypted, "b").hasGranted()).isTrue();

      server.server.drain();
      assertThat(outcome(plain, "c").getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void plainPortInUse_endsTheStart() throws Exception {
    try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerConfig config = tls.mutual("plain-listen", "127.0.0.1:" + used.getLocalPort());

      assertThatThrownBy(() -> new NettyServer(config))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("plain-listen")
          .hasMessageContaining("in use by another process");
    }
  }

  @Test
  void http_speaksTlsAndLetsProbesInWithoutCertificate() throws Exception {
    try (NettyServer server = new NettyServer(tls.mutual())) {
      HttpClient probe = HttpClient.newBuilder().sslContext(tls.context("")).build();
      HttpClient scraper = HttpClient.newBuilder().sslContext(tls.context("orders")).build();

      assertThat(server.get(probe, "https", "/livez").statusCode()).isEqualTo(200);
      assertThat(server.get(scraper, "https", "/metrics").body())
          .contains("fencepost_certificate_expiry_seconds 2.8401408E9") // 2060-01-01
          .contains("fencepost_connections_accepted_total ");
      assertThatThrownBy(() -> server.get("/livez")).isInstanceOf(IOException.class);
    }
  }
}
