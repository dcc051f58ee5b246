package dev.fencepost.backend.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Redis that wants a certificate of its clients, with authorities made here. */
final class RedisTlsTest {
  private static final String LOOPBACK = "IP:127.0.0.1";
  private static final TestAuthority FIRST = TestAuthority.create("first authority");
  private static final TestAuthority SECOND = TestAuthority.create("second authority");

  @TempDir private static Path folder;
  private static RedisServer redis;

  @BeforeAll
  static void start() {
    writeAuthorities("clients-ca", FIRST, SECOND);
    FIRST.issue(Purpose.SERVER, "redis", LOOPBACK).write(folder, "redis");
    FIRST.issue(Purpose.CLIENT, "cli").write(folder, "cli");
    redis =
        new RedisServer(
            "port 0",
            "tls-port PORT",
            "tls-cert-file " + file("redis.pem"),
            "tls-key-file " + file("redis.key"),
            "tls-ca-cert-file " + file("clients-ca.pem"));
    redis.loginWith("--tls", "--insecure", "--cert", file("cli.pem"), "--key", file("cli.key"));
    redis.start();
  }

  @AfterAll
  static void stop() {
    redis.close();
  }

  @BeforeEach
  void write() {
    serve(FIRST.issue(Purpose.SERVER, "redis", LOOPBACK));
    FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
    writeAuthorities("ca", FIRST);
  }

  @Test
  void certificatesOfTheAuthority_areAccepted() {
    try (TestReplica replica = new TestReplica(redis.uri(), options())) {
      assertGranted(replica, "right");
    }
  }

  @Test
  void formerNames_needAUriThatAsksForTls() {
    Map<String, String> former =
        Map.of(
            "tls-ca-file", file("ca.pem"),
            "tls-cert-file", file("own.pem"),
            "tls-key-file", file("own.key"));
    try (TestReplica replica = new TestReplica("rediss://127.0.0.1:" + redis.port(), former)) {
      assertGranted(replica, "former");
    }
    Map<String, String> both = new HashMap<>(former);
    both.put("tls-ca", file("ca.pem"));
    assertThat(refusal(both)).contains("tls-ca-file", "set together with");
  }

  @Test
  void redisOfAnotherAuthority_isRefused() {
    writeAuthorities("ca", SECOND);
    assertThat(refusal(options()))
        .contains("the certificate of the server is of no authority", "store option tls-ca");
  }

  @Test
  void redisWithAnotherName_isRefusedUnlessTheNameIsGiven() {
    serve(FIRST.issue(Purpose.SERVER, "redis", "DNS:redis.internal"));
    assertThat(refusal(options()))
        .contains("the certificate of the server is for another name", "tls-server-name");
    Map<String, String> named = options();
    named.put("tls-server-name", "redis.internal");
    try (TestReplica replica = new TestReplica(redis.uri(), named)) {
      assertGranted(replica, "named");
    }
    named.put("tls-server-name", "other.internal");
    assertThat(refusal(named)).contains("another name", "tls-server-name");
  }

  @Test
  void replicaWithoutACertificate_isRefused() {
    assertThat(refusal(Map.of("tls-ca", file("ca.pem"))))
        .contains("No TLS connection to Redis", "tls-certificate");
  }

  @Test
  void replicaOfAnotherAuthority_isRefused() {
    TestAuthority.create("third authority").issue(Purpose.CLIENT, "x").write(folder, "own");
    assertThat(refusal(options())).contains("No TLS connection to Redis", "tls-certificate");
  }

  @Test
  void certificatesThatHaveEnded_areRefused() {
    FIRST.issueExpired(Purpose.CLIENT, "fencepost").write(folder, "own");
    assertThat(refusal(options()))
        .contains("store option tls-certificate", "own.pem", "the certificate ended at 2021");
    FIRST.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
    serve(FIRST.issueExpired(Purpose.SERVER, "redis", LOOPBACK));
    assertThat(refusal(options())).contains("the certificate of the server has ended");
  }

  @Test
  void redisThatIsSilent_isTriedAgain() {
    try (TcpProxy proxy = new TcpProxy(redis.port())) {
      proxy.swallow(TcpProxy.Direction.ANSWERS);
      assertThat(outage(RedisServer.uri(proxy.port())))
          .contains("No TLS connection to Redis", "timed out", "store option tls");
    }
  }

  /** It waits for the end of a command, so nobody can tell it from one that is silent. */
  @Test
  void redisWithoutTls_isTriedAgain() {
    try (RedisServer plain = new RedisServer()) {
      plain.start();
      assertThat(outage(plain.uri())).contains("No TLS connection to Redis", "store option tls");
    }
  }

  @Test
  void certificatesAndAuthority_areExchangedWhileOpen() {
    try (TcpProxy proxy = new TcpProxy(redis.port());
        TestReplica replica = new TestReplica(RedisServer.uri(proxy.port()), options())) {
      assertGranted(replica, "exchanged");
      writeAuthorities("ca", FIRST, SECOND);
      SECOND.issue(Purpose.CLIENT, "fencepost").write(folder, "own");
      serve(SECOND.issue(Purpose.SERVER, "redis", LOOPBACK));
      writeAuthorities("ca", SECOND);
      proxy.reset();
      await().until(() -> answers(replica, "after"));

      // Half written: the key does not fit. The files before stay in use.
      TestCertificate.replace(
          folder.resolve("own.key"), SECOND.issue(Purpose.CLIENT, "fencepost").key());
      proxy.reset();
      await().until(() -> answers(replica, "half written"));
    }
  }

  /** Makes Redis show the certificate to new connections. */
  private static void serve(TestCertificate certificate) {
    certificate.write(folder, "redis");
    String set =
        redis.cli(
            "CONFIG", "SET", "tls-cert-file", file("redis.pem"), "tls-key-file", file("redis.key"));
    assertThat(set).contains("OK");
  }

  private static void assertGranted(TestReplica replica, String lock) {
    assertThat(TestReplica.isGranted(replica.attempt(TestReplica.claim(lock), QueueIntent.NONE)))
        .isTrue();
  }

  private static boolean answers(TestReplica replica, String lock) {
    try {
      replica.describe(lock);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private static String refusal(Map<String, String> options) {
    return refusal(redis.uri(), options);
  }

  private static String refusal(String uri, Map<String, String> options) {
    StoreConfigurationException refused =
        catchThrowableOfType(
            StoreConfigurationException.class, () -> new TestReplica(uri, options).close());
    assertThat(refused).isNotNull();
    return refused.getMessage();
  }

  /** Returns the message of a failure that does not end the server. */
  private static String outage(String uri) {
    StoreException failed =
        catchThrowableOfType(
            StoreException.class, () -> TestReplica.impatient(uri, options()).close());
    assertThat(failed).isNotNull();
    assertThat(failed.failure()).isEqualTo(StoreException.Failure.STORE_UNREACHABLE);
    return String.valueOf(failed.getMessage());
  }

  private static Map<String, String> options() {
    Map<String, String> options = new HashMap<>();
    options.put("tls-ca", file("ca.pem"));
    options.put("tls-certificate", file("own.pem"));
    options.put("tls-key", file("own.key"));
    return options;
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }

  private static void writeAuthorities(String name, TestAuthority... authorities) {
    TestCertificate.replace(
        folder.resolve(name + ".pem"),
        Stream.of(authorities).map(TestAuthority::certificate).collect(Collectors.joining()));
  }
}
