package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisServerCheck;
import dev.fencepost.backend.redis.connection.RedisStoreUri;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.RedisServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening: settings and servers that are refused, and those that are accepted. */
final class OpeningTest {
  private static final RedisServer REDIS = new RedisServer();

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterEach
  void heal() {
    REDIS.heal();
    REDIS.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void evictionPolicies_areRefusedWithTheRemedy() {
    for (String policy : List.of("allkeys-lru", "volatile-lru", "volatile-ttl", "allkeys-random")) {
      REDIS.cli("CONFIG", "SET", "maxmemory-policy", policy);
      assertThatThrownBy(() -> new TestReplica(REDIS.uri()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining(policy)
          .hasMessageContaining("CONFIG SET maxmemory-policy noeviction");
    }
  }

  @Test
  void replica_isRefusedWithTheRemedy() {
    REDIS.cli("REPLICAOF", "127.0.0.1", "1");
    try {
      assertThatThrownBy(() -> new TestReplica(REDIS.uri()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("redis-sentinel://");
    } finally {
      REDIS.cli("REPLICAOF", "NO", "ONE");
    }
  }

  @Test
  void oldVersion_isRefused() {
    String info = "redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\n";
    assertThatThrownBy(() -> RedisServerCheck.check(RedisStoreUri.Kind.SERVER, info))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("6.2.14")
        .hasMessageContaining("7.0");
    assertThatCode(
            () ->
                RedisServerCheck.check(RedisStoreUri.Kind.SERVER, info.replace("6.2.14", "10.1.0")))
        .doesNotThrowAnyException();
    String valkey = "redis_version:7.2.4\r\nserver_mode:cluster\r\nrole:master\r\n";
    assertThatCode(() -> RedisServerCheck.check(RedisStoreUri.Kind.CLUSTER, valkey))
        .doesNotThrowAnyException();
  }

  @Test
  void uriOfTheOtherTopology_isRefusedWithTheRemedy() {
    assertThatThrownBy(() -> new TestReplica("redis-cluster://127.0.0.1:" + REDIS.port()))
        .isInstanceOfAny(StoreConfigurationException.class, StoreException.class);
    try (RedisServer node = new RedisServer("cluster-enabled yes", "cluster-port 0")) {
      node.start();
      assertThatThrownBy(() -> new TestReplica(node.uri()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("redis-cluster://");
    }
  }

  @Test
  void absentServer_isUnreachableAndMayBeTriedAgain() {
    LockBackend backend = new RedisBackendProvider().create(StoreSettings.of(REDIS.uri()));
    Replica self = new Replica(ReplicaId.of(1), "here:1", Replica.Phase.SERVING);
    REDIS.stop();
    assertThat(failure(backend.open(self, lock -> {}))).isEqualTo(Failure.STORE_UNREACHABLE);
    REDIS.start();
    assertThat(TestReplica.answer(backend.open(self, lock -> {})).kind()).isEqualTo("redis");
    backend.close();
    assertThat(failure(backend.info())).isEqualTo(Failure.STORE_UNREACHABLE);
  }

  @Test
  void badSettings_areRefusedByName() {
    assertRefused("http://x", Map.of(), "redis://");
    assertRefused("redis-sentinel://x:1", Map.of(), "#mymaster");
    assertRefused("redis-cluster://x:1,", Map.of(), "redis-cluster://");
    assertRefused("redis-cluster://x:1/3", Map.of(), "redis-cluster://");
    assertRefused("redis://x", Map.of("key-prefix", "a{b"), "key-prefix");
    assertRefused("redis://x", Map.of("in-flight", "3"), "in-flight");
    assertRefused("redis://x", Map.of("colour", "red"), "colour");
    assertRefused("redis://x", Map.of("tls-ca-file", "/nowhere"), "tls-ca-file");
    assertRefused("redis://user:secret@x:bad", Map.of(), "redis://");
  }

  @Test
  void passwordThatMustBeEncoded_isRefusedWithTheRemedyAndNeverShown() {
    for (String login :
        List.of(
            "user:sec#ret",
            "user:sec/ret",
            "user:sec?ret",
            "user:sec@ret",
            "user:sec%ret",
            "user:sec ret",
            "sec#ret",
            "sec/ret",
            "sec?ret",
            "sec@ret",
            "sec%ret",
            "sec\\ret")) {
      for (String uri :
          List.of("redis://L@x:1", "redis-sentinel://L@x:1/0#m", "redis-cluster://L@x:1")) {
        StoreSettings settings = StoreSettings.of(uri.replace("L", login));
        assertThatThrownBy(() -> new RedisBackendProvider().create(settings))
            .as(settings.uri())
            .isInstanceOf(StoreConfigurationException.class)
            .hasMessageContaining("%40")
            .hasMessageContaining("store options user and password")
            .hasNoCause()
            .message()
            .doesNotContain("sec", "ret");
      }
    }
  }

  @Test
  void encodedPassword_isAccepted() {
    try (RedisServer locked = new RedisServer("requirepass a/b?c#d@e%f")) {
      locked.loginWith("--no-auth-warning", "-a", "a/b?c#d@e%f");
      locked.start();
      for (String login :
          List.of(
              "a%2Fb%3Fc%23d%40e%25f", ":a%2Fb%3Fc%23d%40e%25f", "default:a%2Fb%3Fc%23d%40e%25f")) {
        new TestReplica("redis://" + login + "@127.0.0.1:" + locked.port()).close();
      }
    }
  }

  @Test
  void wrongPassword_isRefusedAndTheRightOneIsAccepted() {
    try (RedisServer locked = new RedisServer("requirepass right")) {
      locked.loginWith("--no-auth-warning", "-a", "right");
      locked.start();
      assertThatThrownBy(() -> new TestReplica(locked.uri()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("password");
      assertThatThrownBy(() -> new TestReplica(locked.uri(), Map.of("password", "wrong")))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("password")
          .hasMessageNotContaining("wrong");
      try (TestReplica in = new TestReplica(locked.uri(), Map.of("password", "right"))) {
        locked.cli("CONFIG", "SET", "requirepass", "changed");
        locked.loginWith("--no-auth-warning", "-a", "changed");
        locked.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no");
        await()
            .untilAsserted(
                () ->
                    assertThat(failure(in.backend().info())).isEqualTo(Failure.STORE_UNREACHABLE));
        locked.cli("CONFIG", "SET", "requirepass", "right");
        locked.loginWith("--no-auth-warning", "-a", "right");
        await()
            .atMost(Duration.ofSeconds(20))
            .ignoreExceptionsInstanceOf(StoreException.class)
            .until(() -> TestReplica.answer(in.backend().info()).id().equals(in.info().id()));
      }
      String uri = "redis://:right@127.0.0.1:" + locked.port();
      new TestReplica(uri).close();
    }
  }

  @Test
  void userWithThePermissionsOfTheManual_canDoEverything() {
    REDIS.cli(
        "ACL",
        "SETUSER",
        "locks",
        "reset",
        "on",
        ">secret",
        "~fp:*",
        "&fp:*",
        "+@connection",
        "-client|kill",
        "+evalsha",
        "+eval",
        "+script|load",
        "+info",
        "+subscribe",
        "+unsubscribe",
        "+ping",
        "+time",
        "+get",
        "+set",
        "+getdel",
        "+del",
        "+mget",
        "+pttl",
        "+pexpire",
        "+lindex",
        "+lpush",
        "+lrange",
        "+ltrim",
        "+hset",
        "+hdel",
        "+hgetall",
        "+publish",
        "+scan");
    try (TestReplica user =
        new TestReplica(REDIS.uri(), Map.of("user", "locks", "password", "secret"))) {
      await()
          .until(
              () ->
                  TestReplica.isGranted(user.attempt(TestReplica.claim("acl"), QueueIntent.NONE)));
      assertThat(user.describe("acl").holder()).isPresent();
    }
    REDIS.cli("ACL", "SETUSER", "locks", "-info");
    assertThatThrownBy(
            () -> new TestReplica(REDIS.uri(), Map.of("user", "locks", "password", "secret")))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("ACL SETUSER");
  }

  @Test
  void tls_isSpokenWithTheFilesOfTheOptions(@TempDir Path folder) throws Exception {
    Path key = folder.resolve("key.pem");
    Path certificate = folder.resolve("cert.pem");
    makeCertificate(key, certificate);
    try (RedisServer secure =
        new RedisServer(
            "port 0",
            "tls-port PORT",
            "tls-cert-file " + certificate,
            "tls-key-file " + key,
            "tls-ca-cert-file " + certificate)) {
      secure.loginWith("--tls", "--insecure", "--cert", "" + certificate, "--key", "" + key);
      secure.start();
      String uri = "rediss://127.0.0.1:" + secure.port();
      assertThatThrownBy(() -> new TestReplica(uri, Map.of()))
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("tls-ca");
      Map<String, String> options =
          Map.of(
              "tls-ca-file", "" + certificate,
              "tls-cert-file", "" + certificate,
              "tls-key-file", "" + key);
      try (TestReplica in = new TestReplica(uri, options)) {
        assertThat(in.info().kind()).isEqualTo("redis");
      }
    }
  }

  private static void assertRefused(String uri, Map<String, String> options, String words) {
    StoreSettings settings = new StoreSettings(uri, Duration.ofSeconds(1), options);
    assertThatThrownBy(() -> new RedisBackendProvider().create(settings))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining(words)
        .hasMessageNotContaining("secret");
  }

  private static void makeCertificate(Path key, Path certificate)
      throws IOException, InterruptedException {
    Process made =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(made.waitFor()).isZero();
  }
}
