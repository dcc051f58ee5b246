package dev.fencepost.server.service.session;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Goodbye;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.server.service.limit.ByteCharge;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.SessionClient;
import io.grpc.Status.Code;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A session whose client reads late: its queue of responses stays bounded and loses nothing. */
class SlowReaderTest {
  private static final int MEBIBYTE = 1024 * 1024;
  private static final int MANY = 20_000;
  private static final int AT_A_TIME = 250;
  private final InProcessServer server =
      new InProcessServer(
          CoordinatorSettings.DEFAULT,
          new LimitSettings(1000, 1000, 1000, 1000, 100_000, 1000, 256L * MEBIBYTE, 100),
          MANY + AT_A_TIME);

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void renewalsOfAClientThatReadsLate_areAllAnswered() {
    SessionClient slow = openUnread();
    AcquireRequest request = claim("a").build();
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    for (int i = 0; i < MANY; i += AT_A_TIME) {
      slow.send(many(renewal(grant)));
    }

    assertThat(server.limits.holdingBytes().used()).isLessThan(2 * MEBIBYTE);
    server.time.pass(Duration.ofSeconds(9));
    slow.call.request(1_000_000);

    assertThat(slow.end).isEmpty();
    assertThat(slow.results()).hasSize(MANY).allSatisfy(r -> assertThat(r.hasRenew()).isTrue());
    assertThat(server.limits.holdingBytes().used()).isLessThan(ByteCharge.SESSION + MEBIBYTE / 8);
  }

  @Test
  void waitersThatAreSentAwayTogether_areAllToldSo() {
    server.take("a");
    SessionClient slow = openUnread();
    for (int i = 0; i < MANY; i += AT_A_TIME) {
      slow.send(waiters());
    }
    assertThat(server.coordinator.waiterCount()).isEqualTo(MANY);

    server.coordinator.drain();
    slow.call.request(1_000_000);

    assertThat(slow.end).isEmpty();
    assertThat(slow.results()).hasSize(MANY);
    assertThat(server.limits.waitingBytes().used()).isZero();
  }

  @Test
  void clientThatNeverReads_isEndedAsSilentAndLeavesNothing() {
    SessionClient unread = openUnread();
    AcquireRequest request = claim("a").build();
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    for (int second = 0; second < 30; second++) {
      for (int i = 0; i < 10; i++) {
        unread.send(many(renewal(grant)));
      }
      server.time.pass(Duration.ofSeconds(1));
    }

    assertThat(server.services.openSessions()).isZero();
    unread.call.request(1_000_000);
    assertThat(unread.end.orElseThrow().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(server.limits.holdingBytes().used()).isZero();
  }

  @Test
  void sessionsThatHaveEnded_leaveNoTimer() {
    int before = server.time.scheduled();
    for (int i = 0; i < 10; i++) {
      SessionClient client = SessionClient.open(server.channel);
      client.call.sendMessage(
          SessionRequest.newBuilder().setGoodbye(Goodbye.getDefaultInstance()).build());
      client.call.halfClose();
      assertThat(client.end.orElseThrow().isOk()).isTrue();
    }

    assertThat(server.time.scheduled()).isEqualTo(before);
  }

  private SessionClient openUnread() {
    SessionClient client = SessionClient.silent(server.channel);
    client.greet(Hello.getDefaultInstance());
    return client;
  }

  private static Operation.Builder renewal(GrantRef grant) {
    return Operation.newBuilder().setRenew(RenewRequest.newBuilder().setGrant(grant));
  }

  private static Operation.Builder[] many(Operation.Builder operation) {
    Operation.Builder[] all = new Operation.Builder[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++) {
      all[i] = operation.clone();
    }
    return all;
  }

  private static Operation.Builder[] waiters() {
    Operation.Builder[] all = new Operation.Builder[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++) {
      all[i] = Operation.newBuilder().setAcquire(claim("a").setWait(seconds(60)));
    }
    return all;
  }
}
