package dev.fencepost.server.service.session;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.Goodbye;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.Welcome;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.SessionClient;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Status.Code;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Results and notices of a session. */
final class SessionHandlerTest {
  private final InProcessServer server = new InProcessServer();
  private final SessionClient client = SessionClient.open(server.channel);

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void greeting_isAnsweredWithTheServer() {
    Welcome welcome = client.messages.get(0).getWelcome();

    assertThat(welcome.getSessionId()).isNotEmpty();
    assertThat(welcome.getServer().getReplicaId()).isEqualTo(InProcessServer.SELF.value());
    assertThat(welcome.getServer().getStoreId()).isNotEmpty();
    assertThat(welcome.getMaxUnanswered()).isEqualTo(InProcessServer.POLICY.sessionOperations());
    assertThat(welcome.getHeartbeat()).isEqualTo(seconds(5));
    assertThat(server.services.openSessions()).isEqualTo(1);
  }

  @Test
  void acquireRenewRelease_areAnsweredOnce() {
    AcquireRequest request = claim("a").build();
    GrantRef grant = ref(request.getClaimId(), granted(client.acquire(request)));

    long renewal = client.renew(grant);
    long release = client.release(grant);

    assertThat(client.result(renewal).getRenew().getRenewed().getFencingToken())
        .isEqualTo(grant.getFencingToken());
    assertThat(client.result(release).getRelease().getOutcome())
        .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
    assertThat(server.getLock("a").getHoldersList()).isEmpty();
  }

  @Test
  void storeThatThrows_failsTheOperation_notTheSession() {
    AcquireRequest request = claim("a").build();
    GrantRef grant = ref(request.getClaimId(), granted(client.acquire(request)));
    server.backend.throwInCalls(new IllegalStateException("thrown by the test"));

    long renewal = client.renew(grant);
    long release = client.release(grant);
    server.backend.heal();
    long again = client.release(grant);

    assertThat(client.result(renewal).hasFailure()).isTrue();
    assertThat(client.result(release).hasFailure()).isTrue();
    assertThat(client.result(again).getRelease().getOutcome())
        .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
  }

  @Test
  void claimWithoutOwner_hasTheClientsOwner() {
    granted(client.acquire(claim("a").clearOwner().build()));

    assertThat(server.getLock("a").getHolders(0).getOwner()).isEqualTo("host:1/app");
  }

  @Test
  void answersToOneMessage_travelTogether() {
    int before = client.messages.size();
    client.send(
        Operation.newBuilder().setAcquire(claim("a")),
        Operation.newBuilder().setAcquire(claim("b")),
        Operation.newBuilder().setAcquire(claim("c")));

    assertThat(client.messages).hasSize(before + 1);
    assertThat(client.results()).hasSize(3);
  }

  @Test
  void grant_countsFromTheLastMarkBeforeItsCommand() {
    client.mark(4);
    AcquireRequest first = claim("a").build();
    long one = client.acquire(first);
    long waiting = client.acquire(claim("a").setWait(seconds(60)).build());
    client.mark(9);
    client.release(ref(first.getClaimId(), granted(one)));

    assertThat(client.result(one).getCountsFromMark()).isEqualTo(4);
    assertThat(client.result(waiting).getCountsFromMark()).isEqualTo(9);
  }

  @Test
  void waiterOfASession_isHandedTheLockOfAUnaryCall() {
    AcquireRequest holder = claim("a").build();
    GrantRef grant = ref(holder.getClaimId(), server.take(holder));
    long waiting = client.acquire(claim("a").setWait(seconds(60)).build());
    assertThat(client.isAnswered(waiting)).isFalse();

    server.locks().release(SessionClient.releasing(grant).getRelease());

    assertThat(granted(waiting).getFencingToken()).isGreaterThan(grant.getFencingToken());
  }

  @Test
  void releaseWithoutToken_cancelsAWaitingAcquire() {
    server.take("a");
    AcquireRequest request = claim("a").setWait(seconds(60)).build();
    long waiting = client.acquire(request);

    client.send(
        Operation.newBuilder()
            .setRelease(ReleaseRequest.newBuilder().setName("a").setClaimId(request.getClaimId())));

    assertThat(client.result(waiting).getAcquire().getNotGranted().getReason())
        .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_WITHDRAWN);
    assertThat(server.coordinator.waiterCount()).isZero();
  }

  @Test
  void badOperation_failsAlone() {
    client.send(
        Operation.newBuilder().setAcquire(claim("a").setTtl(seconds(1))),
        Operation.newBuilder().setAcquire(claim("b")),
        Operation.newBuilder());

    assertThat(client.result(1).getFailure().getCode()).isEqualTo(Code.INVALID_ARGUMENT.value());
    assertThat(client.result(1).getFailure().getMessage()).contains("ttl");
    assertThat(client.result(2).getAcquire().hasGranted()).isTrue();
    assertThat(client.result(3).getFailure().getCode()).isEqualTo(Code.UNIMPLEMENTED.value());
    assertThat(client.end).isEmpty();
  }

  @Test
  void storeThatIsAway_failsTheOperationAndNotTheSession() {
    server.backend.failWith(new StoreException(Failure.STORE_UNREACHABLE, "gone"));
    long id = client.acquire(claim("a").build());

    Result result = client.result(id);
    assertThat(result.getFailure().getReason()).isEqualTo("STORE_UNREACHABLE");
    server.backend.heal();
    granted(client.acquire(claim("a").build()));
  }

  @Test
  void forcedRelease_isTold() {
    AcquireRequest request = claim("a").build();
    Grant grant = granted(client.acquire(request));
    server
        .admin()
        .forceRelease(ForceReleaseRequest.newBuilder().setName("a").setReason("stuck job").build());

    GrantLost lost = client.notices().get(0).getLost();
    assertThat(lost.getName()).isEqualTo("a");
    assertThat(lost.getFencingToken()).isEqualTo(grant.getFencingToken());
    assertThat(lost.getLost().getReason()).isEqualTo(LossReason.LOSS_REASON_REVOKED);
    assertThat(lost.getLost().getDetail()).isEqualTo("stuck job");
  }

  @Test
  void strangerWhoKnowsTheToken_doesNotMuteTheHoldersNotices() {
    Grant grant = granted(client.acquire(claim("a").build()));
    SessionClient stranger = SessionClient.open(server.channel);
    stranger.release(ref(TestRequests.newId(), grant));
    stranger.renew(ref(TestRequests.newId(), grant));

    server
        .admin()
        .forceRelease(ForceReleaseRequest.newBuilder().setName("a").setReason("stuck job").build());

    assertThat(client.notices()).hasSize(1);
    assertThat(client.notices().get(0).getLost().getFencingToken())
        .isEqualTo(grant.getFencingToken());
  }

  @Test
  void grantThatRanOut_isToldWhenAnotherIsGranted() {
    Grant grant = granted(client.acquire(claim("a").build()));
    for (int mark = 1; mark <= 5; mark++) {
      server.time.pass(Duration.ofSeconds(10));
      client.mark(mark);
    }
    server.time.pass(Duration.ofSeconds(10).plusMillis(1));
    Grant next = server.take("a");

    GrantLost lost = client.notices().get(0).getLost();
    assertThat(lost.getFencingToken()).isEqualTo(grant.getFencingToken());
    assertThat(lost.getLost().getReason()).isEqualTo(LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(lost.getLost().getLastToken()).isEqualTo(next.getFencingToken());
  }

  @Test
  void drain_tellsTheClientAndSendsItsWaitersAway() {
    server.take("a");
    AcquireRequest held = claim("b").build();
    GrantRef grant = ref(held.getClaimId(), granted(client.acquire(held)));
    long waiting = client.acquire(claim("a").setWait(seconds(60)).build());

    server.services.drain(Duration.ofSeconds(20), server.coordinator.known().replicas());
    server.coordinator.drain();

    Drain drain = client.notices().get(0).getDrain();
    assertThat(drain.getLeaveWithin()).isEqualTo(seconds(20));
    assertThat(client.result(waiting).getFailure().getReason()).isEqualTo("DRAINING");
    assertThat(client.result(client.renew(grant)).getRenew().hasRenewed()).isTrue();
    SessionClient late = SessionClient.open(server.channel);
    assertThat(late.end.orElseThrow().getDescription()).startsWith("DRAINING");
  }

  @Test
  void goodbye_withdrawsWhatWaitsAndLeavesGrantsStanding() {
    Grant grant = granted(client.acquire(claim("a").build()));
    client.acquire(claim("a").setWait(seconds(60)).build());

    client.call.sendMessage(
        SessionRequest.newBuilder().setGoodbye(Goodbye.getDefaultInstance()).build());

    assertThat(client.end.orElseThrow().isOk()).isTrue();
    assertThat(server.coordinator.waiterCount()).isZero();
    assertThat(server.getLock("a").getHolders(0).getFencingToken())
        .isEqualTo(grant.getFencingToken());
    assertThat(server.services.openSessions()).isZero();
  }

  @Test
  void goodbyeBehindAReleaseAndAnAcquireOfItsLock_endsTheStream() {
    AcquireRequest held = claim("a").build();
    GrantRef grant = ref(held.getClaimId(), granted(client.acquire(held)));
    server.backend.pause();

    client.call.sendMessage(
        SessionRequest.newBuilder()
            .addOperations(SessionClient.releasing(grant).setId(100))
            .addOperations(Operation.newBuilder().setId(101).setAcquire(claim("a")))
            .setGoodbye(Goodbye.getDefaultInstance())
            .build());
    assertThat(client.end).isEmpty();
    server.backend.resume();

    assertThat(client.result(100).getRelease().getOutcome())
        .isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
    assertThat(client.end.orElseThrow().isOk()).isTrue();
    assertThat(server.getLock("a").getHoldersList()).isEmpty();
  }

  @Test
  void clientThatBreaksOff_leavesNoWaiter() {
    server.take("a");
    client.acquire(claim("a").setWait(seconds(60)).build());

    client.call.cancel("gone", null);

    assertThat(server.coordinator.waiterCount()).isZero();
    assertThat(server.services.openSessions()).isZero();
    assertThat(server.limits.openCalls()).isZero();
  }

  @Test
  void silentClient_isGivenUpAfterThreeHeartbeats() {
    server.take("a");
    client.acquire(claim("a").setWait(seconds(60)).build());
    server.time.pass(SessionHandler.HEARTBEAT.multipliedBy(3));
    assertThat(client.end).isEmpty();

    server.time.pass(SessionHandler.HEARTBEAT);

    assertThat(client.end.orElseThrow().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(server.coordinator.waiterCount()).isZero();
  }

  @Test
  void silentServer_givesSignsOfLife() {
    server.time.pass(SessionHandler.HEARTBEAT.multipliedBy(2));

    assertThat(client.messages).hasSizeGreaterThan(1);
  }

  private Grant granted(long id) {
    Result result = client.result(id);
    assertThat(result.getAcquire().hasGranted()).as("%s", result).isTrue();
    return result.getAcquire().getGranted();
  }
}
