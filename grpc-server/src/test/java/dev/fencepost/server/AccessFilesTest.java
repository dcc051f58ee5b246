package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.config.ConfigException;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.server.support.TestJwts;
import dev.fencepost.server.support.TestRequests;
import dev.fencepost.testkit.tls.TestCertificate;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules and tokens of a complete server, from their files. */
class AccessFilesTest {
  private final StaticToken token = StaticToken.create("a", new SecureRandom());

  @TempDir Path folder;
  private Path rules;
  private Path tokens;

  @BeforeEach
  void write() throws Exception {
    rules = Files.writeString(folder.resolve("rules"), "version 1\nallow token:a use on a/**\n");
    tokens = Files.writeString(folder.resolve("tokens"), token.line() + "\n");
  }

  private NettyServer start() throws StartException {
    return new NettyServer(
        TestConfigs.with(
            "rules.file", rules.toString(), "identity.tokens-file", tokens.toString()));
  }

  private static Metadata headers(String bearer) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + bearer);
    return headers;
  }

  private Status outcome(NettyServer server, String lock) {
    return outcome(server, lock, token.text());
  }

  private static Status outcome(NettyServer server, String lock, String bearer) {
    try {
      LockServiceGrpc.newBlockingStub(server.channel)
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers(bearer)))
          .acquire(TestRequests.claim(lock).build());
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  private CompletableFuture<Status> waiting(NettyServer server, String lock) {
    CompletableFuture<Status> end = new CompletableFuture<>();
    LockServiceGrpc.newStub(server.channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers(token.text())))
        .acquire(
            TestRequests.claim(lock).setWait(TestRequests.seconds(60)).build(),
            new StreamObserver<AcquireResponse>() {
              @Override
              public void onNext(AcquireResponse value) {}

              @Override
              public void onError(Throwable t) {
                end.complete(Status.fromThrowable(t));
              }

              @Override
              public void onCompleted() {
                end.complete(Status.OK);
              }
            });
    return end;
  }

  @Test
  void changedFiles_countWithoutARestart_andAnswerWaitingClaims() throws Exception {
    try (NettyServer server = start()) {
      assertThat(outcome(server, "a/b").isOk()).isTrue();
      assertThat(outcome(server, "b").getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      CompletableFuture<Status> waiting = waiting(server, "a/b");

      Files.writeString(rules, "version 1\nallow token:a us on a/**\n");
      Files.writeString(rules, "version 1\nallow token:a use on b\n");

      await().until(waiting::isDone);
      assertThat(waiting.join().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(outcome(server, "b").isOk()).isTrue();

      Files.writeString(tokens, "");
      await().until(() -> outcome(server, "b").getCode() == Status.Code.UNAUTHENTICATED);
    }
  }

  @Test
  void filesWithErrors_areRefusedAtTheStart() throws Exception {
    Files.writeString(rules, "version 1\nallow token:a us on a/**\n");
    assertThatThrownBy(this::start)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("rules:2: \"us\"");
    Files.writeString(rules, "version 1\n");
    Files.writeString(tokens, "a " + token.text());
    assertThatThrownBy(this::start)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("tokens:1: ")
        .hasMessageNotContaining(token.text());
  }

  @Test
  void withoutCredential_theCallIsRefused_unlessAnonymousCallersAreAllowed() throws Exception {
    Files.writeString(rules, "version 1\nallow anonymous use on a/**\n");
    try (NettyServer server = start()) {
      assertThatThrownBy(() -> server.locks().acquire(TestRequests.claim("a/b").build()))
          .hasMessageContaining("NO_CREDENTIAL");
    }
    try (NettyServer server =
        new NettyServer(
            TestConfigs.with("rules.file", rules.toString(), "identity.anonymous", "allow"))) {
      assertThat(server.locks().acquire(TestRequests.claim("a/b").build()).hasGranted()).isTrue();
      assertThatThrownBy(() -> server.locks().acquire(TestRequests.claim("b").build()))
          .hasMessageContaining("NOT_ALLOWED: an anonymous caller may not acquire \"b\"");
    }
  }

  @Test
  void jwts_areCredentials_byTheKeysInAFile_whichMayBeExchanged() throws Exception {
    ECKey first = TestJwts.ec("1");
    ECKey second = TestJwts.ec("2");
    Path keys = Files.writeString(folder.resolve("keys"), TestJwts.jwks(first));
    Files.writeString(rules, "version 1\nallow jwt:corp/a use on **\n");
    ServerConfig config = jwtConfig(keys);
    assertThat(FencepostServer.check(config))
        .anyMatch(line -> line.contains("1 keys from") && line.contains("jwt:corp/sub"));
    try (NettyServer server = new NettyServer(config)) {
      assertThat(jwtOutcome(server, first).isOk()).isTrue();
      assertThat(jwtOutcome(server, second).getDescription()).startsWith("UNKNOWN_KEY");

      TestCertificate.replace(keys, TestJwts.jwks(second));

      await().until(() -> jwtOutcome(server, second).isOk());
      assertThat(jwtOutcome(server, first).getDescription()).startsWith("UNKNOWN_KEY");
    }
    Files.writeString(keys, "{}");
    assertThatThrownBy(() -> new NettyServer(config))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("identity.jwt.keys");
  }

  private ServerConfig jwtConfig(Path keys) {
    return TestConfigs.with(
        "rules.file",
        rules.toString(),
        "identity.jwt.keys",
        keys.toString(),
        "identity.jwt.issuer",
        TestJwts.ISSUER,
        "identity.jwt.audience",
        "locks",
        "identity.jwt.name",
        "corp");
  }

  private static Status jwtOutcome(NettyServer server, ECKey key) {
    JWTClaimsSet.Builder claims =
        TestJwts.claims("a").expirationTime(Date.from(Instant.now().plusSeconds(60)));
    return outcome(server, "a", TestJwts.sign((JOSEObjectType) null, claims, key));
  }

  @Test
  void reflection_isRefusedTogetherWithRules() {
    assertThatThrownBy(() -> TestConfigs.with("rules.file", rules.toString(), "reflection", "true"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("reflection");
  }

  @Test
  void filesThatOthersMayWrite_areRefusedAtTheStart() throws Exception {
    for (Path file : List.of(rules, tokens)) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--rw-"));
      assertThatThrownBy(this::start)
          .isInstanceOf(StartException.class)
          .hasMessageContaining(file + ": ")
          .hasMessageContaining("others may write it (expected: chmod o-w)");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }
  }

  @Test
  void tokensThatOthersMayWrite_orThatVanish_changeNothing() throws Exception {
    try (NettyServer server = start()) {
      Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-r--rw-"));
      Files.writeString(tokens, "");
      // Read after the tokens, so they were judged once these rules are in force.
      Files.writeString(rules, "version 1\nallow token:a use on b\n");
      await().until(() -> outcome(server, "b").isOk());

      Files.delete(tokens);
      Files.writeString(rules, "version 1\nallow token:a use on c\n");
      await().until(() -> outcome(server, "c").isOk());
    }
  }
}
