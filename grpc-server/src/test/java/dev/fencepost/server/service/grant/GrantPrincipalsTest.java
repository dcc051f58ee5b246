package dev.fencepost.server.service.grant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.CallerAuthenticator;
import dev.fencepost.server.identity.CertificateName;
import dev.fencepost.server.identity.CertificatePrincipals;
import dev.fencepost.server.identity.JwtKeys;
import dev.fencepost.server.identity.StaticToken;
import dev.fencepost.server.identity.TokensFile;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.security.RulesParser;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import dev.fencepost.server.support.SessionClient;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Grants that were made elsewhere belong to the principal on record, here too. */
class GrantPrincipalsTest {
  private static final String RULES =
      """
      version 1
      allow token:orders use on shop/**
      allow token:billing use on shop/**
      allow token:operator operate, force-release on **
      """;
  private static final String MAKER = "token:orders";

  private final Map<String, StaticToken> tokens =
      Map.of("orders", token("orders"), "billing", token("billing"), "operator", token("operator"));
  private boolean admitsAnonymous;
  private AccessControl control = control(true);
  private InProcessServer server = new InProcessServer(control);
  private LockBackend elsewhere = openElsewhere();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void grantMadeElsewhere_isRefusedToOthersAndServedToItsMaker() {
    GrantRef grant = grantElsewhere("shop/a", MAKER);
    SessionClient session = SessionClient.open(as("billing"));

    assertForeign(() -> renew("billing", grant));
    assertForeign(() -> release("billing", grant, true));
    assertForeign(() -> release("billing", grant, false));
    assertForeign(() -> locks("billing").acquire(again(grant)));
    assertThat(
            locks("billing")
                .batchRenew(BatchRenewRequest.newBuilder().addGrants(grant).build())
                .getResults(0)
                .getFailure()
                .getReason())
        .isEqualTo("OTHER_PRINCIPAL");
    for (long operation :
        List.of(session.renew(grant), session.release(grant), session.acquire(again(grant)))) {
      assertThat(session.result(operation).getFailure().getReason()).isEqualTo("OTHER_PRINCIPAL");
    }

    assertThat(renew("orders", grant).hasRenewed()).isTrue();
    assertThat(locks("orders").acquire(again(grant)).getGranted().getAlreadyHeld()).isTrue();
    assertThat(release("orders", grant, true)).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
  }

  @Test
  void wrongClaimOrToken_isLostAsEver() {
    GrantRef grant = grantElsewhere("shop/a", MAKER);
    GrantRef otherClaim = grant.toBuilder().setClaimId(TestRequests.newId()).build();
    GrantRef otherToken = grant.toBuilder().setFencingToken(grant.getFencingToken() - 1).build();
    for (GrantRef wrong : List.of(otherClaim, otherToken)) {
      assertThat(renew("billing", wrong).hasLost()).isTrue();
      assertThat(release("billing", wrong, true))
          .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD);
    }
  }

  @Test
  void renamedPrincipal_renewsAndReleasesWhatItMade() {
    GrantRef former = grantElsewhere("shop/a", MAKER);
    rules(RULES + "alias shop = token:orders\nallow shop use on shop/**\n");
    assertThat(renew("orders", former).hasRenewed()).isTrue();
    assertThat(renew("orders", former).hasRenewed()).isTrue();
    assertForeign(() -> renew("billing", former));
    AcquireRequest claim = TestRequests.claim("shop/b").build();
    Grant present = locks("orders").acquire(claim).getGranted();
    assertThat(release("orders", former, false)).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);

    rules(RULES);
    GrantRef ref = TestRequests.ref(claim.getClaimId(), present);
    assertForeign(() -> renew("orders", ref));
    rules(RULES + "alias shop = token:orders, token:billing\nallow shop use on shop/**\n");
    assertThat(renew("billing", ref).hasRenewed()).isTrue();
  }

  @Test
  void renamedPrincipal_getsItsGrantAgainAndItsWaitingClaim() {
    GrantRef former = grantElsewhere("shop/a", MAKER);
    AcquireRequest waiting = TestRequests.claim("shop/a").setWait(TestRequests.seconds(60)).build();
    AcquireFuture first = AcquireFuture.start(as("orders"), waiting);
    rules(RULES + "alias shop = token:orders\nallow shop use on shop/**\n");

    AcquireRequest once = again(former).toBuilder().clearWait().build();
    assertThat(locks("orders").acquire(once).getGranted().getAlreadyHeld()).isTrue();
    assertForeign(() -> locks("billing").acquire(once));
    AcquireFuture second = AcquireFuture.start(as("orders"), waiting);
    assertThat(server.coordinator.waiterCount()).isEqualTo(2);
    release("orders", former, true);
    assertThat(first.join().getGranted().getFencingToken())
        .isEqualTo(second.join().getGranted().getFencingToken());
  }

  @Test
  void grantWithoutPrincipal_belongsToAllWhoMayAcquire() {
    GrantRef old = grantElsewhere("shop/a", "");
    assertThat(renew("billing", old).hasRenewed()).isTrue();
    assertThat(locks("orders").acquire(again(old)).getGranted().getAlreadyHeld()).isTrue();
    rules("version 1\nallow token:orders use on shop/**\n");
    RefusedCall refused = RefusedCall.by(() -> renew("billing", old));
    assertThat(refused.message()).startsWith("NOT_ALLOWED");
    assertThat(release("orders", old, true)).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
  }

  @Test
  void grantWithoutPrincipal_belongsToNobodyIfThatIsRefused() {
    restart(false);
    GrantRef old = grantElsewhere("shop/a", "");
    assertForeign(() -> renew("billing", old));
    assertForeign(() -> release("billing", old, true));
    assertForeign(() -> locks("billing").acquire(again(old)));
    assertThat(renew("operator", old).hasRenewed()).isTrue();
  }

  @Test
  void operator_renewsAndReleasesAnyGrantAndJoinsNone() {
    GrantRef grant = grantElsewhere("shop/a", MAKER);
    assertThat(renew("operator", grant).hasRenewed()).isTrue();
    rules(RULES + "allow token:operator use on shop/**\n");
    assertForeign(() -> locks("operator").acquire(again(grant)));
    assertThat(release("operator", grant, true)).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
  }

  @Test
  void waitingClaim_isNeitherJoinedNorWithdrawnByOthers() {
    GrantRef held = grantElsewhere("shop/a", MAKER);
    AcquireRequest waiting = TestRequests.claim("shop/a").setWait(TestRequests.seconds(60)).build();
    AcquireFuture maker = AcquireFuture.start(as("orders"), waiting);
    GrantRef guessed =
        GrantRef.newBuilder()
            .setName("shop/a")
            .setClaimId(waiting.getClaimId())
            .setFencingToken(held.getFencingToken())
            .build();

    assertForeign(() -> locks("billing").acquire(waiting));
    assertForeign(() -> release("billing", guessed, false));
    assertThat(release("billing", guessed, true))
        .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD);
    assertThat(server.coordinator.waiterCount()).isEqualTo(1);

    release("orders", held, true);
    assertThat(maker.join().hasGranted()).isTrue();
  }

  @Test
  void waitingClaimWithoutPrincipal_isJoinedByNobodyWithOne() {
    admitsAnonymous = true;
    rules(RULES + "allow anonymous use on shop/**\n");
    GrantRef held = grantElsewhere("shop/a", MAKER);
    AcquireRequest waiting = TestRequests.claim("shop/a").setWait(TestRequests.seconds(60)).build();
    AcquireFuture squatter = AcquireFuture.start(server.channel, waiting);

    assertForeign(() -> locks("billing").acquire(waiting));
    assertThat(server.coordinator.waiterCount()).isEqualTo(1);

    release("orders", held, true);
    assertThat(squatter.join().hasGranted()).isTrue();
  }

  @Test
  void claimIdGrantedToAnotherElsewhere_refusesTheWaiter() {
    GrantRef held = grantElsewhere("shop/a", MAKER);
    AcquireRequest waiting = TestRequests.claim("shop/a").setWait(TestRequests.seconds(60)).build();
    AcquireFuture waiter = AcquireFuture.start(as("billing"), waiting);
    elsewhere
        .handOver(
            new dev.fencepost.lock.GrantRef(
                new LockName("shop/a"),
                new ClaimId(held.getClaimId()),
                new FencingToken(held.getFencingToken()),
                MAKER),
            claim("shop/a", waiting.getClaimId(), MAKER),
            QueueIntent.JOIN)
        .toCompletableFuture()
        .join();
    server.time.pass(Duration.ofSeconds(5));

    assertThat(waiter).isCompletedExceptionally();
    assertForeign(RefusedCall.with(failureOf(waiter)));
    assertThat(server.coordinator.waiterCount()).isZero();
  }

  @Test
  void lossNotice_comesToTheMakerWhateverOthersTried() {
    SessionClient session = SessionClient.open(as("orders"));
    AcquireRequest claim = TestRequests.claim("shop/a").build();
    Grant made = session.result(session.acquire(claim)).getAcquire().getGranted();
    GrantRef grant = TestRequests.ref(claim.getClaimId(), made);

    assertForeign(() -> release("billing", grant, true));
    assertForeign(() -> release("billing", grant, false));
    assertForeign(() -> renew("billing", grant));
    assertThat(renew("operator", grant).hasRenewed()).isTrue();
    AdminServiceGrpc.newBlockingStub(as("operator"))
        .forceRelease(ForceReleaseRequest.newBuilder().setName("shop/a").setReason("x").build());

    assertThat(session.notices().get(0).getLost().getFencingToken())
        .isEqualTo(made.getFencingToken());
  }

  @ParameterizedTest
  @ValueSource(strings = {"billing", "operator"})
  void renewalOfALostGrantByAnother_doesNotMuteTheNotice(String other) {
    SessionClient session = SessionClient.open(as("orders"));
    AcquireRequest claim = TestRequests.claim("shop/a").build();
    Grant made = session.result(session.acquire(claim)).getAcquire().getGranted();
    GrantRef grant = TestRequests.ref(claim.getClaimId(), made);
    elsewhere
        .release(
            ReleaseCommand.withdrawal(new LockName("shop/a"), new ClaimId(claim.getClaimId()))
                .madeBy(MAKER))
        .toCompletableFuture()
        .join();

    assertThat(renew(other, grant).hasLost()).isTrue();
    locks("billing").acquire(TestRequests.claim("shop/a").build());

    assertThat(session.notices().get(0).getLost().getFencingToken())
        .isEqualTo(made.getFencingToken());
  }

  private static StaticToken token(String name) {
    return StaticToken.create(name, new SecureRandom());
  }

  private AccessControl control(boolean sharesUnowned) {
    return new AccessControl(
        state(RULES),
        Optional.empty(),
        Duration.ofMinutes(10),
        sharesUnowned,
        Instant::now,
        AuditTrail.toLogger("test", Instant::now));
  }

  private void restart(boolean sharesUnowned) {
    server.close();
    control = control(sharesUnowned);
    server = new InProcessServer(control);
    elsewhere = openElsewhere();
  }

  private void rules(String text) {
    control.replace(state(text));
  }

  private CallerAuthenticator state(String rules) {
    StringBuilder file = new StringBuilder();
    tokens.values().forEach(token -> file.append(token.line()).append('\n'));
    return new CallerAuthenticator(
        new CertificatePrincipals(List.of(CertificateName.URI), Set.of()),
        TokensFile.parse(file.toString().getBytes(StandardCharsets.UTF_8)),
        JwtKeys.NONE,
        AccessRules.of(RulesParser.parse(rules.getBytes(StandardCharsets.UTF_8))),
        admitsAnonymous);
  }

  private Channel as(String name) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + Optional.ofNullable(tokens.get(name)).orElseThrow().text());
    return ClientInterceptors.intercept(
        server.channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private LockServiceGrpc.LockServiceBlockingStub locks(String name) {
    return LockServiceGrpc.newBlockingStub(as(name));
  }

  private RenewResponse renew(String name, GrantRef grant) {
    return locks(name).renew(RenewRequest.newBuilder().setGrant(grant).build());
  }

  private ReleaseOutcome release(String name, GrantRef grant, boolean withToken) {
    ReleaseRequest.Builder request =
        ReleaseRequest.newBuilder().setName(grant.getName()).setClaimId(grant.getClaimId());
    if (withToken) {
      request.setFencingToken(grant.getFencingToken());
    }
    return locks(name).release(request.build()).getOutcome();
  }

  private static StatusRuntimeException failureOf(AcquireFuture call) {
    return (StatusRuntimeException) call.handle((response, failure) -> failure).join();
  }

  private static AcquireRequest again(GrantRef grant) {
    return TestRequests.claim(grant.getName())
        .setClaimId(grant.getClaimId())
        .setWait(TestRequests.seconds(60))
        .build();
  }

  private static void assertForeign(ThrowingCallable call) {
    assertForeign(RefusedCall.by(call));
  }

  private static void assertForeign(RefusedCall refused) {
    assertThat(refused.code()).isEqualTo(Code.PERMISSION_DENIED);
    assertThat(refused.message()).startsWith("OTHER_PRINCIPAL: ").doesNotContain("token:");
  }

  /** Another replica on the same store. */
  private LockBackend openElsewhere() {
    LockBackend backend = server.store.newBackend();
    Replica replica = new Replica(ReplicaId.of(0xee), "there:1", Replica.Phase.SERVING);
    backend.open(replica, lock -> {}).toCompletableFuture().join();
    return backend;
  }

  private GrantRef grantElsewhere(String lock, String principal) {
    Claim claim = claim(lock, TestRequests.newId(), principal);
    Attempt attempt = elsewhere.tryAcquire(claim, QueueIntent.NONE).toCompletableFuture().join();
    return GrantRef.newBuilder()
        .setName(lock)
        .setClaimId(claim.id().value())
        .setFencingToken(((Attempt.Granted) attempt).grant().token().value())
        .build();
  }

  private static Claim claim(String lock, String id, String principal) {
    return new Claim(
        new LockName(lock),
        new ClaimId(id),
        Lease.of(Duration.ofMinutes(5)),
        new Claimant("tester", principal, LockMode.EXCLUSIVE, Map.of()));
  }
}
