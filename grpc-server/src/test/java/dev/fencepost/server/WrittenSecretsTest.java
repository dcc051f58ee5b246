package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.server.support.TestJwts;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Plants secrets of each kind, good and bad, and looks for them in all that a server writes. */
class WrittenSecretsTest {
  private static final String PASSWORD = "planted-password-of-the-store";

  private final StaticToken good = StaticToken.create("a", new SecureRandom());
  private final StaticToken bad = StaticToken.create("b", new SecureRandom());
  private final ECKey key = TestJwts.ec("1");
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final Logger ours = (Logger) LoggerFactory.getLogger("dev.fencepost");
  private final List<String> secrets = new ArrayList<>();
  private final StringBuilder written = new StringBuilder();

  @TempDir Path folder;

  @BeforeEach
  void listen() {
    log.list = new CopyOnWriteArrayList<>();
    log.start();
    ours.setLevel(Level.TRACE);
    root.addAppender(log);
  }

  @AfterEach
  void stopListening() {
    root.detachAppender(log);
    ours.setLevel(null);
  }

  private ServerConfig config() throws Exception {
    Path rules =
        Files.writeString(
            folder.resolve("rules"),
            "version 1\nallow token:a use, force-release on a/**\nallow jwt:corp/* use on b\n");
    Path tokens = Files.writeString(folder.resolve("tokens"), good.line() + "\n");
    Path keys = Files.writeString(folder.resolve("keys"), TestJwts.jwks(key.toPublicJWK()));
    secrets.add(good.text());
    secrets.add(bad.text());
    secrets.add(good.line().substring("a sha256:".length()));
    secrets.add(PASSWORD);
    return TestConfigs.with(
        "store",
        "h2:" + folder.resolve("data"),
        "store-options.password",
        PASSWORD,
        "rules.file",
        rules.toString(),
        "identity.tokens-file",
        tokens.toString(),
        "identity.jwt.keys",
        keys.toString(),
        "identity.jwt.issuer",
        TestJwts.ISSUER,
        "identity.jwt.audience",
        "locks",
        "identity.jwt.name",
        "corp",
        "audit.file",
        folder.resolve("audit").toString());
  }

  private String jwt(ECKey signer, Instant end) {
    JWTClaimsSet.Builder claims = TestJwts.claims("a").expirationTime(Date.from(end));
    String jwt = TestJwts.sign((JOSEObjectType) null, claims, signer);
    secrets.addAll(List.of(jwt.split("\\.")));
    return jwt;
  }

  private AcquireRequest claim(String lock) {
    AcquireRequest claim = TestRequests.claim(lock).build();
    secrets.add(claim.getClaimId());
    return claim;
  }

  private Channel as(NettyServer server, String bearer) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + bearer);
    return ClientInterceptors.intercept(
        server.channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private void call(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      written.append(e.getStatus()).append(e.getTrailers()).append('\n');
    }
  }

  private void callWith(NettyServer server, String bearer) {
    var locks = dev.fencepost.proto.v1.LockServiceGrpc.newBlockingStub(as(server, bearer));
    AcquireRequest claim = claim("a/b");
    call(() -> locks.acquire(claim));
    call(() -> locks.acquire(claim("not/allowed")));
    call(() -> locks.acquire(claim("a/b").toBuilder().setClaimId("planted-bad-claim").build()));
    call(
        () ->
            locks.renew(
                RenewRequest.newBuilder()
                    .setGrant(
                        GrantRef.newBuilder()
                            .setName("a/b")
                            .setClaimId(claim.getClaimId())
                            .setFencingToken(1))
                    .build()));
    call(
        () ->
            dev.fencepost.proto.v1.AdminServiceGrpc.newBlockingStub(as(server, bearer))
                .forceRelease(
                    ForceReleaseRequest.newBuilder().setName("a/b").setReason("test").build()));
  }

  @Test
  void noSecret_isWritten() throws Exception {
    try (NettyServer server = new NettyServer(config())) {
      Instant later = Instant.now().plusSeconds(600);
      for (String bearer :
          List.of(
              good.text(),
              bad.text(),
              jwt(key, later),
              jwt(key, Instant.EPOCH),
              jwt(TestJwts.ec("1"), later),
              jwt(TestJwts.ec("2"), later))) {
        callWith(server, bearer);
      }
      written.append(server.get("/metrics").body());
      Thread.getAllStackTraces().keySet().forEach(each -> written.append(each.getName()));
    }
    log.list.forEach(
        each ->
            written
                .append(each.getFormattedMessage())
                .append(each.getKeyValuePairs())
                .append(each.getThrowableProxy())
                .append('\n'));
    String audit = Files.readString(folder.resolve("audit"));
    written.append(audit);

    assertThat(audit)
        .contains(
            "\"event\":\"start\"",
            "\"event\":\"rules_loaded\"",
            "\"event\":\"credentials_loaded\"",
            "\"event\":\"authenticated\",\"principal\":\"token:a\",\"credential\":\"token:a\"",
            "\"event\":\"refused\"",
            "\"event\":\"force_release\",\"principal\":\"token:a\"",
            "\"reason\":\"NOT_ALLOWED\"",
            "\"reason\":\"BAD_CREDENTIAL\"",
            "\"reason\":\"CREDENTIAL_EXPIRED\"",
            "\"reason\":\"UNKNOWN_KEY\"",
            "\"event\":\"stop\"");
    assertThat(secrets).hasSizeGreaterThan(20);
    for (String secret : secrets) {
      if (!secret.isEmpty() && !isHeaderOfEveryJwt(secret)) {
        assertThat(written.indexOf(secret)).as("planted secret").isNegative();
      }
    }
  }

  /** The first part of a JWT names its algorithm only. */
  private static boolean isHeaderOfEveryJwt(String part) {
    return part.startsWith("eyJraWQ") || part.startsWith("eyJhbGciOiJFUzI1NiJ9");
  }
}
