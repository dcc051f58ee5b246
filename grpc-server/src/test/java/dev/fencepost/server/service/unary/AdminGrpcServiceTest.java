package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AdvanceTokenRequest;
import dev.fencepost.proto.v1.ForceReleaseOutcome;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.ForceReleaseResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.ResetMarkRequest;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class AdminGrpcServiceTest {
  private final InProcessServer server = new InProcessServer();
  private final ListAppender<ILoggingEvent> audit = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.fencepost.audit");

  @BeforeEach
  void listen() {
    audit.list = new CopyOnWriteArrayList<>(); // another thread writes
    audit.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(audit);
  }

  @AfterEach
  void close() {
    logger.detachAppender(audit);
    server.close();
  }

  @Test
  void forcedRelease_endsTheGrantAndClosesTheLock() {
    AcquireRequest request = claim("a").setOwner("job").build();
    Grant grant = server.take(request);

    ForceReleaseResponse response =
        server.admin().forceRelease(order().setFencingToken(grant.getFencingToken()).build());

    assertThat(response.getOutcome()).isEqualTo(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_RELEASED);
    assertThat(response.getHolder().getOwner()).isEqualTo("job");
    assertThat(response.getFencingToken()).isGreaterThan(grant.getFencingToken());
    assertThat(server.getLock("a").getAvailableIn()).isEqualTo(seconds(60));
    assertThat(audited())
        .doesNotContainKey("principal") // the caller is anonymous
        .containsKey("peer")
        .containsEntry("lock", "a")
        .containsEntry("reason", "stuck")
        .containsEntry("outcome", "released")
        .containsEntry("token", String.valueOf(grant.getFencingToken()))
        .containsEntry("closing_token", String.valueOf(response.getFencingToken()));
    assertThat(audited().toString()).doesNotContain(request.getClaimId());
  }

  @Test
  void forcedReleaseWithZeroClosing_freesAtOnceAndSaysSo() {
    server.take("a");

    ForceReleaseResponse response =
        server.admin().forceRelease(order().setCloseFor(seconds(0)).build());

    assertThat(response.getFencingToken()).isZero();
    assertThat(audited()).containsEntry("close_for", "0s");
    server.take("a");
  }

  @Test
  void forcedReleaseOfAnotherGrant_changesNothing() {
    Grant grant = server.take("a");

    ForceReleaseResponse response =
        server.admin().forceRelease(order().setFencingToken(grant.getFencingToken() + 1).build());

    assertThat(response.getOutcome())
        .isEqualTo(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_TOKEN_MISMATCH);
    assertThat(response.getHolder().getFencingToken()).isEqualTo(grant.getFencingToken());
    assertThat(server.getLock("a").getHoldersList()).hasSize(1);
    assertThat(audited()).containsEntry("outcome", "token_mismatch");
  }

  @Test
  void forcedReleaseOfAFreeLock_isNotHeld() {
    assertThat(server.admin().forceRelease(order().build()).getOutcome())
        .isEqualTo(ForceReleaseOutcome.FORCE_RELEASE_OUTCOME_NOT_HELD);
  }

  @Test
  void forcedReleaseWithoutAnswerOfTheStore_isAuditedAsUnknown() {
    server.backend.failWith(new StoreException(Failure.STORE_TIMEOUT, "no answer"));

    RefusedCall.by(() -> server.admin().forceRelease(order().build()));

    assertThat(audited()).containsEntry("outcome", "unknown");
  }

  @Test
  void resetMark_tellsTheFormerMark() {
    long token = server.take("a").getFencingToken();
    server
        .fencing()
        .advanceToken(
            AdvanceTokenRequest.newBuilder().setResource("r").setFencingToken(token).build());

    ResetMarkRequest request =
        ResetMarkRequest.newBuilder().setResource("r").setReason("moved").build();

    assertThat(server.admin().resetMark(request).getFormerMark()).isEqualTo(token);
    assertThat(audited())
        .containsEntry("resource", "r")
        .containsEntry("former_mark", String.valueOf(token));
    assertThat(server.admin().resetMark(request).getFormerMark()).isZero();
  }

  private static ForceReleaseRequest.Builder order() {
    return ForceReleaseRequest.newBuilder().setName("a").setReason("stuck");
  }

  private Map<String, String> audited() {
    await().until(() -> !audit.list.isEmpty());
    return audit.list.get(0).getKeyValuePairs().stream()
        .collect(Collectors.toMap(pair -> pair.key, pair -> String.valueOf(pair.value)));
  }
}
