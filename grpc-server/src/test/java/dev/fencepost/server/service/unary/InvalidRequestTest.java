package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.BatchRenewResponse;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Status.Code;
import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InvalidRequestTest {
  private final InProcessServer server = new InProcessServer();
  private Grant bystander;

  @BeforeEach
  void holdAnother() {
    bystander = server.take("bystander");
  }

  /** Checks that a refused request changed nothing else. */
  @AfterEach
  void nothingElseChanged() {
    assertThat(server.getLock("bystander").getHolders(0).getFencingToken())
        .isEqualTo(bystander.getFencingToken());
    assertThat(server.locks().listLocks(ListLocksRequest.getDefaultInstance()).getLocksList())
        .hasSize(1);
    assertThat(server.coordinator.waiterCount()).isZero();
    assertThat(server.limits.openCalls()).isZero();
    server.close();
  }

  static Stream<Arguments> badNames() {
    return Stream.of(
        Arguments.of("empty", "", "not empty"),
        Arguments.of("513 bytes", "x".repeat(513), "1–512 bytes"),
        Arguments.of("513 bytes of emoji", "🔒".repeat(128) + "x", "1–512 bytes"),
        Arguments.of("newline", "a\nb", "control characters"),
        Arguments.of("escape", "a\u001b[31m", "control characters"),
        Arguments.of("C1", "a\u0085b", "control characters"),
        Arguments.of("NUL", "a\0b", "control characters"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badNames")
  void badName_isRefusedEverywhere(String what, String name, String expected) {
    assertBad(refused(claim(name).build()), "name", expected);
    assertBad(
        RefusedCall.by(
            () -> server.locks().getLock(GetLockRequest.newBuilder().setName(name).build())),
        "name",
        expected);
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .locks()
                    .watchLocks(WatchLocksRequest.newBuilder().addNames(name).build())
                    .next()),
        "names[0]",
        expected);
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .fencing()
                    .advanceToken(
                        AdvanceTokenRequest.newBuilder()
                            .setResource(name)
                            .setFencingToken(1)
                            .build())),
        "resource",
        expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../", "a%2fb", "🔒", "it's \"quoted\"", "'; DROP TABLE lock; --", "a b"})
  void oddButLegalName_isTakenAsItIs(String name) {
    AcquireRequest request = claim(name).build();
    Grant grant = server.take(request);

    assertThat(server.getLock(name).getName()).isEqualTo(name);

    server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName(name)
                .setClaimId(request.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
  }

  static Stream<Arguments> badTtls() {
    return Stream.of(
        Arguments.of("0", Duration.getDefaultInstance(), "\"0s\" (expected: 2s–10m)"),
        Arguments.of("−1 s", seconds(-1), "\"-1s\" (expected: 2s–10m)"),
        Arguments.of("1.999 s", nanos(1, 999_000_000), "\"1999ms\" (expected: 2s–10m)"),
        Arguments.of("25 h", seconds(25 * 3600), "\"25h\" (expected: 2s–10m)"),
        Arguments.of("10 m and 1 ns", nanos(600, 1), "(expected: 2s–10m)"),
        Arguments.of("the longest", seconds(Long.MAX_VALUE), "(expected: 2s–10m)"),
        Arguments.of("mixed signs", nanos(3, -1), "of the same sign"),
        Arguments.of("2 s of nanos", nanos(1, 2_000_000_000), "less than 1 s in nanos"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badTtls")
  void badTtl_isRefusedWithTheLimit(String what, Duration ttl, String expected) {
    assertBad(refused(claim("a").setTtl(ttl).build()), "ttl", expected);
  }

  @Test
  void everyBadField_isReportedAtOnce() {
    AcquireRequest.Builder request =
        claim("a\nb")
            .setClaimId("short")
            .setTtl(seconds(0))
            .setWait(seconds(-1))
            .setOwner("o".repeat(257))
            .setLockDelay(seconds(601))
            .setModeValue(7)
            .setWaited(seconds(-1));
    for (int i = 0; i < 33; i++) {
      request.putMetadata("k" + i, "v");
    }

    RefusedCall refused = refused(request.build());

    assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refused.fields())
        .containsExactly(
            "name", "claim_id", "ttl", "wait", "owner", "lock_delay", "metadata", "mode", "waited");
    refused.fields().forEach(field -> assertThat(refused.message()).contains(field + ": "));
  }

  @Test
  void shortClaimId_isRefusedWithoutShowingIt() {
    RefusedCall refused = refused(claim("a").setClaimId("short-secret").build());

    assertBad(refused, "claim_id", "22–64 of [A-Za-z0-9_-]");
    assertThat(refused.message()).doesNotContain("short-secret");
  }

  @Test
  void waitOfMoreThanADay_isRefused() {
    assertBad(refused(claim("a").setWait(seconds(86_401)).build()), "wait", "expected: 0s–24h");
  }

  @Test
  void metadataOfMoreThanFourKib_isRefused() {
    assertBad(
        refused(claim("a").putMetadata("k", "v".repeat(4096)).build()), "metadata", "4096 bytes");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void tokenBelowOne_isRefusedEverywhere(long token) {
    GrantRef ref =
        GrantRef.newBuilder()
            .setName("a")
            .setClaimId(TestRequests.newId())
            .setFencingToken(token)
            .build();
    ReleaseRequest release =
        ReleaseRequest.newBuilder()
            .setName("a")
            .setClaimId(ref.getClaimId())
            .setFencingToken(token)
            .build();
    String expected = "was the lock granted at all?";
    assertBad(
        RefusedCall.by(() -> server.locks().renew(RenewRequest.newBuilder().setGrant(ref).build())),
        "grant.fencing_token",
        expected);
    assertBad(RefusedCall.by(() -> server.locks().release(release)), "fencing_token", expected);
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .fencing()
                    .validateToken(
                        ValidateTokenRequest.newBuilder()
                            .setName("a")
                            .setFencingToken(token)
                            .build())),
        "fencing_token",
        expected);
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .admin()
                    .forceRelease(
                        ForceReleaseRequest.newBuilder()
                            .setName("bystander")
                            .setReason("because")
                            .setFencingToken(token)
                            .build())),
        "fencing_token",
        expected);
  }

  @Test
  void renewalWithoutAGrant_namesEachField() {
    RefusedCall refused =
        RefusedCall.by(() -> server.locks().renew(RenewRequest.getDefaultInstance()));

    assertThat(refused.fields())
        .containsExactly("grant.name", "grant.claim_id", "grant.fencing_token");
  }

  @Test
  void batchOfMoreThanFiveHundred_isRefusedAsAWhole() {
    BatchRenewRequest request =
        BatchRenewRequest.newBuilder()
            .addAllGrants(Collections.nCopies(501, GrantRef.getDefaultInstance()))
            .build();

    assertBad(RefusedCall.by(() -> server.locks().batchRenew(request)), "grants", "at most 500");
  }

  @Test
  void badGrantInABatch_failsAlone() {
    AcquireRequest own = claim("bystander").build();
    GrantRef gone =
        GrantRef.newBuilder()
            .setName("bystander")
            .setClaimId(own.getClaimId())
            .setFencingToken(1)
            .build();

    BatchRenewResponse response =
        server
            .locks()
            .batchRenew(
                BatchRenewRequest.newBuilder()
                    .addGrants(GrantRef.getDefaultInstance())
                    .addGrants(gone)
                    .build());

    assertThat(response.getResults(0).getFailure().getCode())
        .isEqualTo(Code.INVALID_ARGUMENT.value());
    assertThat(response.getResults(0).getFailure().getMessage()).contains("grants[0].name");
    assertThat(response.getResults(1).hasLost()).isTrue();
  }

  @Test
  void adminActWithoutAReason_isRefused() {
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .admin()
                    .forceRelease(ForceReleaseRequest.newBuilder().setName("bystander").build())),
        "reason",
        "not empty");
    assertBad(
        RefusedCall.by(
            () -> server.admin().resetMark(ResetMarkRequest.newBuilder().setResource("r").build())),
        "reason",
        "not empty");
  }

  @Test
  void watchOfNoneOrTooMany_isRefused() {
    assertBad(
        RefusedCall.by(
            () -> server.locks().watchLocks(WatchLocksRequest.getDefaultInstance()).next()),
        "names",
        "1–100 names");
    assertBad(
        RefusedCall.by(
            () ->
                server
                    .locks()
                    .watchLocks(
                        WatchLocksRequest.newBuilder()
                            .addAllNames(Collections.nCopies(101, "a"))
                            .build())
                    .next()),
        "names",
        "1–100 names");
  }

  @Test
  void oneHundredBadNames_stillFitIntoTheTrailers() {
    WatchLocksRequest request =
        WatchLocksRequest.newBuilder()
            .addAllNames(Collections.nCopies(100, "漢".repeat(200) + "\n"))
            .build();

    RefusedCall refused = RefusedCall.by(() -> server.locks().watchLocks(request).next());

    assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refused.message()).contains("more");
    assertThat(refused.fields()).contains("names[0]");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1001})
  void badPageSize_isRefused(int size) {
    assertBad(list(ListLocksRequest.newBuilder().setPageSize(size)), "page_size", "1–1000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"garbage", "%%%", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAA"})
  void garbledPageToken_isRefused(String token) {
    assertBad(list(ListLocksRequest.newBuilder().setPageToken(token)), "page_token", "unchanged");
  }

  private RefusedCall list(ListLocksRequest.Builder request) {
    return RefusedCall.by(() -> server.locks().listLocks(request.build()));
  }

  private RefusedCall refused(AcquireRequest request) {
    return RefusedCall.by(() -> server.locks().acquire(request));
  }

  private static void assertBad(RefusedCall refused, String field, String expected) {
    assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refused.fields()).containsExactly(field);
    assertThat(refused.fault(field)).contains(expected);
    assertThat(refused.message()).contains(field, expected);
  }

  private static Duration nanos(long seconds, int nanos) {
    return Duration.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }
}
