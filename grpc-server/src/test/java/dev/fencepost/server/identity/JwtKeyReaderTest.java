package dev.fencepost.server.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.jwk.ECKey;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.server.support.TestJwts;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys of JWTs from a file, and from a URL that answers well, badly or not at all. */
class JwtKeyReaderTest {
  private static final Duration OUTAGE = TestJwts.settings("").outage();

  @TempDir Path folder;
  private final ECKey first = TestJwts.ec("ec-1");
  private final ECKey second = TestJwts.ec("ec-2");
  private final AtomicLong now = new AtomicLong();
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicReference<Answer> answer = new AtomicReference<>();
  private SSLContext trust;
  private HttpsServer server;
  private JwtKeyReader reader;

  /** One way to answer. */
  private interface Answer {
    void send(HttpExchange exchange) throws IOException;
  }

  private static Answer text(int status, String text) {
    return exchange -> {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(bytes);
      }
    };
  }

  @BeforeEach
  void start() throws Exception {
    TestAuthority authority = TestAuthority.create("provider");
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    authority.issue(Purpose.SERVER, "idp", "DNS:localhost").write(folder, "idp");
    trust =
        new TlsFiles(
                Optional.of(folder.resolve("idp.pem")),
                Optional.of(folder.resolve("idp.key")),
                Optional.of(folder.resolve("ca.pem")))
            .load()
            .newContext();
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(trust));
    server.setExecutor(threads);
    server.createContext(
        "/keys",
        exchange -> {
          asked.incrementAndGet();
          answer.get().send(exchange);
        });
    server.start();
    reader =
        new JwtKeyReader(
            TestJwts.settings("https://localhost:" + server.getAddress().getPort() + "/keys"),
            trust,
            now::get);
  }

  @AfterEach
  void stop() {
    end.countDown();
    reader.close();
    server.stop(0);
    threads.shutdownNow();
  }

  private void startWith(ECKey key) {
    answer.set(text(200, TestJwts.jwks(key)));
    reader.start();
    await().until(() -> reader.keys().size() == 1);
  }

  /** Has the keys read once more and returns when that is over. */
  private void readAgain(Answer next) {
    answer.set(next);
    int before = asked.get();
    now.addAndGet(JwtKeyReader.REQUEST_INTERVAL.toNanos());
    reader.requestKeys();
    await().until(() -> asked.get() > before);
  }

  @Test
  void unknownKey_hasTheUrlReadAgain() {
    startWith(first);
    JwtKeys former = reader.keys();

    readAgain(text(200, TestJwts.jwks(first, second)));

    await().until(() -> reader.keys().size() == 2);
    assertThat(former.size()).isEqualTo(1);
  }

  @Test
  void answersThatCannotBeUsed_changeNothing() {
    startWith(first);
    JwtKeys former = reader.keys();

    readAgain(text(500, TestJwts.jwks(second)));
    readAgain(text(200, "<html>"));
    readAgain(text(200, "{\"keys\":[]}"));
    readAgain(text(200, TestJwts.jwks(second) + " ".repeat(JwtKeys.MAX_BYTES)));
    readAgain(text(302, ""));
    // The thread reads one after another, so all of the above are over when this one has come.
    readAgain(text(200, TestJwts.jwks(first)));

    assertThat(reader.keys()).isSameAs(former);
  }

  @Test
  void urlThatHangs_holdsNobody_andTheKeysStand_untilTheOutageIsOver() {
    startWith(first);
    readAgain(exchange -> awaitEnd());
    int before = asked.get();

    for (int i = 0; i < 1000; i++) {
      reader.requestKeys();
    }
    assertThat(asked).hasValue(before);
    assertThat(reader.keys().size()).isEqualTo(1);
    now.addAndGet(OUTAGE.toNanos() - JwtKeyReader.REQUEST_INTERVAL.toNanos());
    assertThat(reader.keys().size()).isEqualTo(1);
    now.addAndGet(JwtKeyReader.REQUEST_INTERVAL.toNanos() + 1);
    assertThat(reader.keys().size()).isZero();
    assertThat(reader.ageSeconds()).isGreaterThan((double) OUTAGE.toSeconds());
  }

  private void awaitEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void file_isReadAtTheStart_andAgain() throws Exception {
    Path file = Files.writeString(folder.resolve("keys.json"), TestJwts.jwks(first));
    try (JwtKeyReader ofFile =
        new JwtKeyReader(TestJwts.settings(file.toString()), trust, now::get)) {
      ofFile.readFile();
      assertThat(ofFile.keys().size()).isEqualTo(1);
      ofFile.start();

      TestCertificate.replace(file, TestJwts.jwks(first, second));

      await().until(() -> ofFile.keys().size() == 2);
      now.addAndGet(OUTAGE.toNanos() * 2);
      assertThat(ofFile.keys().size()).isEqualTo(2);
    }
  }

  @Test
  void fileWithoutKeys_isRefusedAtTheStart() throws Exception {
    Path file = Files.writeString(folder.resolve("keys.json"), "{}");
    try (JwtKeyReader ofFile =
        new JwtKeyReader(TestJwts.settings(file.toString()), trust, now::get)) {
      assertThatThrownBy(ofFile::readFile).isInstanceOf(IOException.class);
    }
  }
}
