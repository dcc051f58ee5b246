package dev.fencepost.server.service;

import static dev.fencepost.server.support.TestJwts.NOW;
import static dev.fencepost.server.support.TestJwts.claims;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.LockServiceGrpc.LockServiceBlockingStub;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificateName;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.JwtChecks;
import dev.fencepost.server.identity.JwtKeyReader;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.OpenSession;
import dev.fencepost.server.support.TestJwts;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls with JWTs, from their header to their answer, on a clock that the test moves. */
class JwtAccessTest {
  private static final String RULES = "version 1\nallow jwt:corp/* use on **\n";
  private static final Duration GRACE = Duration.ofMinutes(10);

  @TempDir Path folder;
  private final ECKey key = TestJwts.ec("ec-1");
  private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  private JwtKeys keys;
  private JwtChecks checks;
  private AccessControl control;
  private InProcessServer server;

  @BeforeEach
  void start() throws Exception {
    keys = keys(key);
    checks =
        new JwtChecks(
            TestJwts.settings("keys"),
            () -> control.inForce().jwtKeys(),
            () -> {},
            GRACE,
            now::get);
    control =
        new AccessControl(
            state(RULES),
            Optional.of(checks),
            GRACE,
            true,
            now::get,
            AuditTrail.toLogger("test", Instant::now));
    server = new InProcessServer(control);
  }

  @AfterEach
  void stop() {
    server.close();
    checks.close();
  }

  private JwtKeys keys(ECKey... all) throws Exception {
    Path file = Files.writeString(folder.resolve("keys"), TestJwts.jwks(all));
    try (JwtKeyReader reader = JwtKeyReader.create(TestJwts.settings(file.toString()), () -> 0)) {
      reader.readFile();
      return reader.keys();
    }
  }

  private CallerAuthenticator state(String rules) {
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(CertificateName.URI), Set.of()),
        TokensFile.parse(new byte[0]),
        keys,
        AccessRules.of(RulesParser.parse(rules.getBytes(StandardCharsets.UTF_8))),
        false);
  }

  private Channel as(String jwt) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + jwt);
    return ClientInterceptors.intercept(
        server.channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private LockServiceBlockingStub locks(String jwt) {
    return LockServiceGrpc.newBlockingStub(as(jwt));
  }

  private String sign(JWTClaimsSet.Builder claims) {
    return TestJwts.sign(JOSEObjectType.JWT, claims, key);
  }

  private static StatusRuntimeException failure(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return e;
    }
    throw new AssertionError("not refused");
  }

  private static void assertRefused(String word, Runnable call) {
    StatusRuntimeException failure = failure(call);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(failure.getStatus().getDescription()).startsWith(word + ": ");
  }

  @Test
  void jwt_namesTheMakerOfAGrant() {
    AcquireRequest claim = TestRequests.claim("a").build();
    Grant grant = locks(sign(claims("orders"))).acquire(claim).getGranted();

    assertThat(grant.getFencingToken()).isPositive();
    assertThat(
            locks(sign(claims("orders")))
                .getLock(GetLockRequest.newBuilder().setName("a").build())
                .getLock()
                .getHolders(0)
                .getPrincipal())
        .isEqualTo("jwt:corp/orders");
  }

  @Test
  void unknownKey_isToBeTriedAgain_andPassesOnceTheKeyIsThere() throws Exception {
    ECKey next = TestJwts.ec("ec-2");
    String jwt = TestJwts.sign(JOSEObjectType.JWT, claims("a"), next);
    StatusRuntimeException failure =
        failure(() -> locks(jwt).acquire(TestRequests.claim("a").build()));
    assertThat(failure.getStatus().getDescription()).startsWith("UNKNOWN_KEY: ");
    assertThat(retryDelaySeconds(failure)).isEqualTo(1);

    keys = keys(key, next);
    control.replace(state(RULES));

    assertThat(locks(jwt).acquire(TestRequests.claim("a").build()).hasGranted()).isTrue();

    keys = keys(key);
    control.replace(state(RULES));
    assertRefused("UNKNOWN_KEY", () -> locks(jwt).acquire(TestRequests.claim("b").build()));
  }

  private static long retryDelaySeconds(StatusRuntimeException failure) {
    return StatusProto.fromThrowable(failure).getDetailsList().stream()
        .filter(detail -> detail.is(RetryInfo.class))
        .map(
            detail -> {
              try {
                return detail.unpack(RetryInfo.class).getRetryDelay().getSeconds();
              } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException(e);
              }
            })
        .findFirst()
        .orElseThrow();
  }

  @Test
  void revokedId_andABindingToAnotherConnection_areRefused() {
    String jwt = sign(claims("a").jwtID("7"));
    assertThat(locks(jwt).acquire(TestRequests.claim("a").build()).hasGranted()).isTrue();

    control.replace(state(RULES + "revoke jwt-id 7\n"));

    assertRefused("BAD_CREDENTIAL", () -> locks(jwt).acquire(TestRequests.claim("b").build()));
    String bound = sign(claims("a").claim("cnf", Map.of("x5t#S256", "x")));
    assertRefused("BAD_CREDENTIAL", () -> locks(bound).acquire(TestRequests.claim("b").build()));
  }

  @Test
  void endedCredential_renewsAndReleasesForTheGrace_andNothingElse() {
    String jwt = sign(claims("a"));
    AcquireRequest claim = TestRequests.claim("a").build();
    Grant grant = locks(jwt).acquire(claim).getGranted();
    GrantRef ref =
        GrantRef.newBuilder()
            .setName("a")
            .setClaimId(claim.getClaimId())
            .setFencingToken(grant.getFencingToken())
            .build();
    RenewRequest renewal = RenewRequest.newBuilder().setGrant(ref).build();

    now.set(NOW.plus(Duration.ofMinutes(11)));

    assertRefused("CREDENTIAL_EXPIRED", () -> locks(jwt).acquire(TestRequests.claim("b").build()));
    assertRefused(
        "CREDENTIAL_EXPIRED",
        () -> locks(jwt).getLock(GetLockRequest.newBuilder().setName("a").build()));
    assertThat(locks(jwt).renew(renewal).hasRenewed()).isTrue();
    assertThat(
            locks(jwt)
                .batchRenew(BatchRenewRequest.newBuilder().addGrants(ref).build())
                .getResults(0)
                .hasRenewed())
        .isTrue();

    now.set(NOW.plus(Duration.ofMinutes(21)));
    assertRefused("CREDENTIAL_EXPIRED", () -> locks(jwt).renew(renewal));

    now.set(NOW.plus(Duration.ofMinutes(20)));
    assertThat(
            locks(jwt)
                .release(
                    ReleaseRequest.newBuilder().setName("a").setClaimId(claim.getClaimId()).build())
                .getOutcome())
        .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
  }

  @Test
  void session_renewsForTheGrace_refusesNewClaims_andThenEnds() {
    String jwt = sign(claims("a"));
    OpenSession session = OpenSession.on(as(jwt));
    session.welcome().join();
    AcquireRequest claim = TestRequests.claim("a").build();
    long token = session.acquire(claim).join().getAcquire().getGranted().getFencingToken();

    now.set(NOW.plus(Duration.ofMinutes(11)));
    control.endExpired();

    assertThat(session.acquire(TestRequests.claim("b").build()).join().getFailure().getReason())
        .isEqualTo("CREDENTIAL_EXPIRED");
    GrantRef ref =
        GrantRef.newBuilder()
            .setName("a")
            .setClaimId(claim.getClaimId())
            .setFencingToken(token)
            .build();
    assertThat(session.renew(ref).join().getRenew().hasRenewed()).isTrue();

    now.set(NOW.plus(Duration.ofMinutes(21)));
    control.endExpired();

    assertThat(session.end().join().getDescription()).startsWith("CREDENTIAL_EXPIRED: ");
  }

  @Test
  void waitStands_whateverItsCredentialDoes_andAWatchEnds() {
    String jwt = sign(claims("a"));
    AcquireRequest claim = TestRequests.claim("a").build();
    assertThat(locks(jwt).acquire(claim).hasGranted()).isTrue();
    AcquireFuture waiting =
        AcquireFuture.start(
            as(jwt), TestRequests.claim("a").setWait(TestRequests.seconds(3600)).build());
    CompletableFuture<Status> watch = watch(jwt);

    now.set(NOW.plus(Duration.ofMinutes(11)));
    control.endExpired();

    assertThat(watch.join().getDescription()).startsWith("CREDENTIAL_EXPIRED: ");
    locks(jwt)
        .release(ReleaseRequest.newBuilder().setName("a").setClaimId(claim.getClaimId()).build());
    assertThat(waiting.join().hasGranted()).isTrue();
  }

  private CompletableFuture<Status> watch(String jwt) {
    CompletableFuture<Status> end = new CompletableFuture<>();
    LockServiceGrpc.newStub(as(jwt))
        .watchLocks(
            WatchLocksRequest.newBuilder().addNames("a").build(),
            new StreamObserver<WatchLocksResponse>() {
              @Override
              public void onNext(WatchLocksResponse value) {}

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
}
