package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.BatchRenewRequest;
import dev.fencepost.proto.v1.BatchRenewResponse;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.server.support.InProcessServer;
import io.grpc.Status.Code;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Renewals and releases by unary calls. */
class RenewReleaseTest {
  private final InProcessServer server = new InProcessServer();
  private final AcquireRequest request = claim("a").build();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void renewal_extendsByTheGrantsOwnTtl() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    server.time.pass(Duration.ofSeconds(50));

    RenewResponse response = renew(grant);

    assertThat(response.getRenewed().getTtl()).isEqualTo(seconds(60));
    assertThat(response.getRenewed().getFencingToken()).isEqualTo(grant.getFencingToken());
    assertThat(server.getLock("a").getHolders(0).getRemainingAtMost()).isEqualTo(seconds(60));
  }

  @Test
  void renewalAfterTheLease_isLost() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    server.time.pass(Duration.ofSeconds(61));

    assertThat(renew(grant).getLost().getReason()).isEqualTo(LossReason.LOSS_REASON_EXPIRED);

    Grant next = server.take("a");
    RenewResponse superseded = renew(grant);
    assertThat(superseded.getLost().getReason()).isEqualTo(LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(superseded.getLost().getLastToken()).isEqualTo(next.getFencingToken());
  }

  @Test
  void renewalOfARevokedGrant_tellsTheReason() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    server
        .admin()
        .forceRelease(ForceReleaseRequest.newBuilder().setName("a").setReason("stuck job").build());

    RenewResponse response = renew(grant);

    assertThat(response.getLost().getReason()).isEqualTo(LossReason.LOSS_REASON_REVOKED);
    assertThat(response.getLost().getDetail()).isEqualTo("stuck job");
  }

  @Test
  void renewalWithAnotherToken_changesNothing() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));

    RenewResponse response =
        renew(grant.toBuilder().setFencingToken(grant.getFencingToken() + 1).build());

    assertThat(response.hasLost()).isTrue();
    assertThat(renew(grant).hasRenewed()).isTrue();
  }

  @Test
  void batch_answersInTheOrderAsked() {
    GrantRef first = ref(request.getClaimId(), server.take(request));
    AcquireRequest other = claim("b").build();
    GrantRef second = ref(other.getClaimId(), server.take(other));
    GrantRef gone = first.toBuilder().setName("nobody").build();

    BatchRenewResponse response =
        server
            .locks()
            .batchRenew(
                BatchRenewRequest.newBuilder()
                    .addGrants(second)
                    .addGrants(gone)
                    .addGrants(first)
                    .build());

    assertThat(response.getResults(0).getRenewed().getName()).isEqualTo("b");
    assertThat(response.getResults(1).hasLost()).isTrue();
    assertThat(response.getResults(2).getRenewed().getName()).isEqualTo("a");
  }

  @Test
  void batchWhileTheStoreIsAway_failsEachByItself() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    server.backend.failWith(new StoreException(Failure.STORE_TIMEOUT, "no answer within 5s"));

    BatchRenewResponse response =
        server.locks().batchRenew(BatchRenewRequest.newBuilder().addGrants(grant).build());

    assertThat(response.getResults(0).getFailure().getCode()).isEqualTo(Code.UNAVAILABLE.value());
    assertThat(response.getResults(0).getFailure().getReason()).isEqualTo("STORE_TIMEOUT");
    assertThat(response.getResults(0).getFailure().hasRetryAfter()).isTrue();
  }

  @Test
  void release_freesTheLock() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));

    assertThat(release(grant).getOutcome()).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);

    assertThat(server.getLock("a").getHoldersList()).isEmpty();
    assertThat(server.getLock("a").getLastToken()).isEqualTo(grant.getFencingToken());
  }

  @Test
  void repeatedRelease_neverFreesALaterGrant() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    release(grant);
    Grant next = server.take("a");

    assertThat(release(grant).getOutcome()).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD);

    assertThat(server.getLock("a").getHolders(0).getFencingToken())
        .isEqualTo(next.getFencingToken());
  }

  @Test
  void releaseWithAnotherToken_changesNothing() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));

    ReleaseResponse response =
        release(grant.toBuilder().setFencingToken(grant.getFencingToken() - 1).build());

    assertThat(response.getOutcome()).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD);
    assertThat(server.getLock("a").getHoldersList()).hasSize(1);
  }

  @Test
  void releaseOfAnUnknownClaim_isWithdrawn() {
    ReleaseResponse response =
        server
            .locks()
            .release(
                ReleaseRequest.newBuilder().setName("a").setClaimId(request.getClaimId()).build());

    assertThat(response.getOutcome()).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN);
  }

  @Test
  void outcomes_areCounted() {
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    renew(grant);
    release(grant);

    assertThat(
            server.registry.get("fencepost.renewals").tag("outcome", "renewed").counter().count())
        .isEqualTo(1);
    assertThat(
            server.registry.get("fencepost.releases").tag("outcome", "released").counter().count())
        .isEqualTo(1);
  }

  private RenewResponse renew(GrantRef grant) {
    return server.locks().renew(RenewRequest.newBuilder().setGrant(grant).build());
  }

  private ReleaseResponse release(GrantRef grant) {
    return server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName(grant.getName())
                .setClaimId(grant.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
  }
}
