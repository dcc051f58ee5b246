package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exchanges everything under load, as an operator does it: two replicas, one client with 64 threads
 * and held locks. No call may fail.
 */
class CertificateExchangeTest {
  private static final int THREADS = 64;
  private static final int ROUNDS = 3;
  private static final Duration WAIT = Duration.ofSeconds(30);

  private final TestCluster cluster = TestCluster.of(0);
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final LongAdder pairs = new LongAdder();
  private final AtomicBoolean isOver = new AtomicBoolean();

  @TempDir private Path folder;

  @Test
  void exchangeOfAuthorityAndCertificates_failsNoCall() throws Exception {
    TestAuthority authority = TestAuthority.create("authority 0");
    trust(authority.certificate());
    server(authority, 0).write(folder, "server");
    client(authority, 0).write(folder, "client");
    for (int i = 0; i < 2; i++) {
      cluster.startAt(
          0,
          "tls.certificate",
          file("server.pem"),
          "tls.key",
          file("server.key"),
          "tls.client-ca",
          file("ca.pem"));
    }
    List<Thread> threads = new ArrayList<>();
    try (FencepostClient client =
            FencepostClient.builder(cluster.target())
                .tls(
                    ClientTls.of(folder.resolve("ca.pem"))
                        .certificate(folder.resolve("client.pem"), folder.resolve("client.key")))
                .build();
        LockHandle held = client.lock("held").acquire(WAIT)) {
      for (int i = 0; i < THREADS; i++) {
        threads.add(new Thread(worker(client, "lock-" + i)));
      }
      threads.forEach(Thread::start);
      try {
        for (int round = 1; round <= ROUNDS; round++) {
          authority = exchangeAll(authority, round);
          assertThat(failures).isEmpty();
        }
      } finally {
        isOver.set(true);
        for (Thread thread : threads) {
          thread.join();
        }
      }
      assertThat(held.isHeld()).isTrue();
    } finally {
      cluster.close();
    }
    assertThat(failures).isEmpty();
    assertThat(pairs.sum()).isPositive();
  }

  /** Moves to a new authority: it is trusted first, and the old one is forgotten last. */
  private TestAuthority exchangeAll(TestAuthority old, int round) throws Exception {
    TestAuthority next = TestAuthority.create("authority " + round);
    client(old, round).write(folder, "old");
    client(next, round).write(folder, "next");

    trust(old.certificate() + next.certificate());
    await().atMost(WAIT).until(() -> all(server -> isLetIn(server, "next")));

    server(next, round).write(folder, "server");
    await().atMost(WAIT).until(() -> all(server -> issuer(server).equals("CN=authority " + round)));

    double connections = accepted();
    client(next, round).write(folder, "client");
    await().atMost(WAIT).until(() -> accepted() >= connections + 2 && open() == 2);

    trust(next.certificate());
    await().atMost(WAIT).until(() -> all(server -> !isLetIn(server, "old")));
    return next;
  }

  private Runnable worker(FencepostClient client, String lock) {
    return () -> {
      while (!isOver.get() && failures.isEmpty()) {
        try (LockHandle handle = client.lock(lock).acquire(WAIT)) {
          assertThat(handle.isHeld()).isTrue();
          pairs.increment();
        } catch (Exception | AssertionError e) {
          failures.add(e);
        }
      }
    };
  }

  private void trust(String authorities) {
    TestCertificate.replace(folder.resolve("ca.pem"), authorities);
  }

  private static TestCertificate server(TestAuthority authority, int round) {
    return authority.issue(Purpose.SERVER, "server " + round, "IP:127.0.0.1");
  }

  private static TestCertificate client(TestAuthority authority, int round) {
    return authority.issue(Purpose.CLIENT, "client " + round);
  }

  /** A question about one server. */
  private interface ServerCheck {
    boolean holds(FencepostServer server) throws Exception;
  }

  private boolean all(ServerCheck check) throws Exception {
    return check.holds(cluster.server(0)) && check.holds(cluster.server(1));
  }

  /** Returns true if a server answers a client that shows the certificate {@code NAME.pem}. */
  private boolean isLetIn(FencepostServer server, String name) throws TlsFileException {
    try (SSLSocket socket = connect(server, context(name))) {
      socket
          .getOutputStream()
          .write(
              "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                  .getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      return socket.getInputStream().read() >= 0;
    } catch (IOException e) {
      return false;
    }
  }

  private String issuer(FencepostServer server) throws Exception {
    try (SSLSocket socket = connect(server, context("next"))) {
      X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return shown.getIssuerX500Principal().getName();
    }
  }

  private static SSLSocket connect(FencepostServer server, SSLContext context) throws IOException {
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    return socket;
  }

  private SSLContext context(String name) throws TlsFileException {
    return new TlsFiles(
            Optional.of(folder.resolve(name + ".pem")),
            Optional.of(folder.resolve(name + ".key")),
            Optional.of(folder.resolve("ca.pem")))
        .load()
        .newContext();
  }

  private double accepted() throws Exception {
    return metric("fencepost_connections_accepted_total");
  }

  private double open() throws Exception {
    return metric("fencepost_connections");
  }

  private double metric(String name) throws Exception {
    HttpClient http = HttpClient.newBuilder().sslContext(context("next")).build();
    double sum = 0;
    for (int i = 0; i < 2; i++) {
      String address = cluster.server(i).httpAddress().orElseThrow().toString();
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("https://" + address + "/metrics")).build();
      sum +=
          http.send(request, BodyHandlers.ofString())
              .body()
              .lines()
              .filter(line -> line.startsWith(name + " "))
              .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
              .sum();
    }
    return sum;
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }
}
