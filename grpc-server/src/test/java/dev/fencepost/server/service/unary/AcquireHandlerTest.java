package dev.fencepost.server.service.unary;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockMode;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.InProcessServer;
import io.grpc.CallOptions;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AcquireHandlerTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private final InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void freeLock_isGrantedWithItsTerms() {
    Grant grant = server.take(claim("a").setTtl(seconds(30)).setLockDelay(seconds(5)).build());

    assertThat(grant.getName()).isEqualTo("a");
    assertThat(grant.getFencingToken()).isGreaterThan(1L << 53);
    assertThat(grant.getTtl()).isEqualTo(seconds(30));
    assertThat(grant.getValidFor()).isEqualTo(seconds(27));
    assertThat(grant.getRenewAfter()).isEqualTo(seconds(10));
    assertThat(grant.getLockDelay()).isEqualTo(seconds(5));
    assertThat(grant.getMode()).isEqualTo(LockMode.LOCK_MODE_EXCLUSIVE);
    assertThat(grant.getAlreadyHeld()).isFalse();
  }

  @Test
  void unsetTtl_isTheServersDefault() {
    assertThat(server.take(claim("a").clearTtl().build()).getTtl()).isEqualTo(seconds(15));
  }

  @Test
  void sameClaimAgain_getsItsGrantAgain() {
    AcquireRequest request = claim("a").build();
    Grant first = server.take(request);

    Grant second = server.take(request);

    assertThat(second.getFencingToken()).isEqualTo(first.getFencingToken());
    assertThat(second.getAlreadyHeld()).isTrue();
  }

  @Test
  void heldLock_isRefusedWithItsHolderButNotItsMetadata() {
    Grant held = server.take(claim("a").setOwner("first").putMetadata("k", "v").build());
    server.time.pass(Duration.ofSeconds(20));

    NotGranted refused = server.locks().acquire(claim("a").build()).getNotGranted();

    assertThat(refused.getReason()).isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    assertThat(refused.getHoldersList()).hasSize(1);
    assertThat(refused.getHolders(0).getOwner()).isEqualTo("first");
    assertThat(refused.getHolders(0).getFencingToken()).isEqualTo(held.getFencingToken());
    assertThat(refused.getHolders(0).getMetadataMap()).isEmpty();
    assertThat(refused.getHolders(0).getPrincipal()).isEmpty();
    assertThat(refused.getHolders(0).getRemainingAtMost()).isEqualTo(seconds(40));
    assertThat(refused.getAvailableIn()).isEqualTo(seconds(40));
  }

  @Test
  void heldLock_neverShowsAClaimId() {
    AcquireRequest holder = claim("a").build();
    server.take(holder);

    String everything = server.locks().acquire(claim("a").build()) + server.getLock("a").toString();

    assertThat(everything).doesNotContain(holder.getClaimId());
    assertThat(server.getLock("a").getHolders(0).getClaimTag()).matches("[0-9a-f]{16}");
  }

  @Test
  void closedLock_saysWhenItOpens() {
    AcquireRequest request = claim("a").build();
    Grant grant = server.take(request);
    server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName("a")
                .setClaimId(request.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .setCloseFor(seconds(30))
                .build());

    NotGranted refused = server.locks().acquire(claim("a").build()).getNotGranted();

    assertThat(refused.getReason()).isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_CLOSED);
    assertThat(refused.getHoldersList()).isEmpty();
    assertThat(refused.getAvailableIn()).isEqualTo(seconds(30));
    assertThat(server.getLock("a").getAvailableIn()).isEqualTo(seconds(30));
  }

  @Test
  void releaseHere_grantsTheNextInLine() throws Exception {
    AcquireRequest holder = claim("a").build();
    Grant first = server.take(holder);
    AcquireFuture waiting = server.queue(claim("a"), 60);
    assertThat(waiting.isDone()).isFalse();
    assertThat(server.getLock("a").getWaiterCount()).isEqualTo(1);

    release(holder, first);

    Grant second = waiting.get(1, TimeUnit.SECONDS).getGranted();
    assertThat(second.getFencingToken()).isGreaterThan(first.getFencingToken());
  }

  @Test
  void waitIsOver_isAnOrdinaryAnswer() throws Exception {
    server.take("a");
    AcquireFuture waiting = server.queue(claim("a"), 3);

    server.time.pass(Duration.ofSeconds(4));

    NotGranted refused = waiting.get(1, TimeUnit.SECONDS).getNotGranted();
    assertThat(refused.getReason()).isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT);
    assertThat(refused.getWaited().getSeconds()).isEqualTo(3);
  }

  @Test
  void wait_isCutToTheDeadlineLessAQuarterSecond() throws Exception {
    server.take("a");
    AcquireFuture waiting =
        AcquireFuture.start(
            server.channel,
            claim("a").setWait(seconds(3600)).build(),
            CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS));

    server.time.pass(Duration.ofSeconds(50));
    assertThat(waiting.isDone()).isFalse();
    server.time.pass(Duration.ofMillis(9_750));

    assertThat(waiting.get(1, TimeUnit.SECONDS).getNotGranted().getReason())
        .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT);
  }

  @Test
  void deadlineTooNearToWait_triesOnce() {
    Deadline.Ticker ticker =
        new Deadline.Ticker() {
          @Override
          public long nanoTime() {
            return 0;
          }
        };

    assertThat(AcquireHandler.longestWait(Deadline.after(240, TimeUnit.MILLISECONDS, ticker), HOUR))
        .isEqualTo(Duration.ZERO);
    assertThat(AcquireHandler.longestWait(Deadline.after(2, TimeUnit.SECONDS, ticker), HOUR))
        .isEqualTo(Duration.ofMillis(1750));
    assertThat(AcquireHandler.longestWait(null, HOUR)).isEqualTo(HOUR);
  }

  @Test
  void callerThatCancels_leavesTheQueue() {
    server.take("a");
    AcquireFuture waiting = server.queue(claim("a"), 60);
    assertThat(server.coordinator.waiterCount()).isEqualTo(1);

    waiting.cancel(true);

    assertThat(server.coordinator.waiterCount()).isZero();
    assertThat(server.limits.openCalls()).isZero();
  }

  @Test
  void cancelWhileTheGrantIsOnItsWay_leavesTheGrantForTheRetry() throws Exception {
    AcquireRequest holder = claim("a").build();
    Grant first = server.take(holder);
    AcquireRequest.Builder next = claim("a");
    AcquireFuture waiting = server.queue(next, 60);

    release(holder, first);
    waiting.cancel(true);

    assertThat(server.take(next.build()).getAlreadyHeld()).isTrue();
  }

  @Test
  void releaseWithoutToken_withdrawsTheWaitingClaim() throws Exception {
    server.take("a");
    AcquireRequest.Builder next = claim("a");
    AcquireFuture waiting = server.queue(next, 60);

    server
        .locks()
        .release(ReleaseRequest.newBuilder().setName("a").setClaimId(next.getClaimId()).build());

    assertThat(waiting.get(1, TimeUnit.SECONDS).getNotGranted().getReason())
        .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_WITHDRAWN);
  }

  @Test
  void outcomes_areCounted() {
    server.take("a");
    server.locks().acquire(claim("a").build());

    assertThat(server.registry.get("fencepost.acquire").tag("outcome", "granted").timer().count())
        .isEqualTo(1);
    assertThat(server.registry.get("fencepost.acquire").tag("outcome", "busy").timer().count())
        .isEqualTo(1);
  }

  private void release(AcquireRequest request, Grant grant) {
    server
        .locks()
        .release(
            ReleaseRequest.newBuilder()
                .setName(grant.getName())
                .setClaimId(request.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
  }
}
