package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AdvanceOutcome;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.AdvanceTokenResponse;
import dev.fencepost.proto.v1.GetTokenRequest;
import dev.fencepost.proto.v1.GetTokenResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.TokenStatus;
import dev.fencepost.proto.v1.ValidateTokenRequest;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import io.grpc.Status.Code;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FencingGrpcServiceTest {
  private static final long DAY_NANOS = Duration.ofDays(1).toNanos();
  private final InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void getToken_isTheStandingGrantsElseTheLastElseNone() {
    assertThat(token("a")).isEqualTo(GetTokenResponse.getDefaultInstance());

    AcquireRequest request = claim("a").putMetadata("k", "v").build();
    Grant grant = server.take(request);
    assertThat(token("a").getLastToken()).isEqualTo(grant.getFencingToken());
    assertThat(token("a").getHolder().getOwner()).isEqualTo("tester");

    server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName("a")
                .setClaimId(request.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
    assertThat(token("a").getLastToken()).isEqualTo(grant.getFencingToken());
    assertThat(token("a").hasHolder()).isFalse();
  }

  @Test
  void validateToken_tellsCurrentStaleAndUnknownApart() {
    Grant first = server.take("a");
    assertThat(validate("a", first.getFencingToken())).isEqualTo(TokenStatus.TOKEN_STATUS_CURRENT);
    assertThat(validate("a", first.getFencingToken() - 1))
        .isEqualTo(TokenStatus.TOKEN_STATUS_STALE);
    assertThat(validate("a", first.getFencingToken() + DAY_NANOS))
        .isEqualTo(TokenStatus.TOKEN_STATUS_UNKNOWN);

    server.time.pass(Duration.ofSeconds(61));
    assertThat(validate("a", first.getFencingToken())).isEqualTo(TokenStatus.TOKEN_STATUS_STALE);
    assertThat(validate("a", first.getFencingToken() + 1))
        .as("up to the current clock of the store")
        .isEqualTo(TokenStatus.TOKEN_STATUS_STALE);
    assertThat(validate("a", Long.MAX_VALUE)).isEqualTo(TokenStatus.TOKEN_STATUS_UNKNOWN);
  }

  @Test
  void advanceToken_raisesTheMarkAndRefusesLowerTokens() {
    long token = server.take("a").getFencingToken();

    assertThat(advance(token).getOutcome()).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_ADVANCED);
    assertThat(advance(token).getOutcome()).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED);
    AdvanceTokenResponse stale = advance(token - 1);
    assertThat(stale.getOutcome()).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_STALE);
    assertThat(stale.getMark()).isEqualTo(token);
  }

  @Test
  void advanceTokenTooFarAhead_isRefusedWithTheLimit() {
    long token = server.take("a").getFencingToken();
    advance(token);

    RefusedCall refused = RefusedCall.by(() -> advance(token + 2 * DAY_NANOS));

    assertThat(refused.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refused.fault("fencing_token")).contains("a day ahead of the store's clock");
    assertThat(advance(token).getOutcome()).isEqualTo(AdvanceOutcome.ADVANCE_OUTCOME_UNCHANGED);
  }

  private GetTokenResponse token(String name) {
    return server.fencing().getToken(GetTokenRequest.newBuilder().setName(name).build());
  }

  private TokenStatus validate(String name, long token) {
    return server
        .fencing()
        .validateToken(
            ValidateTokenRequest.newBuilder().setName(name).setFencingToken(token).build())
        .getStatus();
  }

  private AdvanceTokenResponse advance(long token) {
    return server
        .fencing()
        .advanceToken(
            AdvanceTokenRequest.newBuilder().setResource("r").setFencingToken(token).build());
  }
}
