package dev.fencepost.server.service.session;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.SessionClient;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Rules of the session stream: order, limits, and the reasons for its end. */
final class SessionProtocolTest {
  private final InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  static Stream<Arguments> breaches() {
    Operation first = Operation.newBuilder().setId(1).setAcquire(claim("a")).build();
    SessionRequest.Builder crowd = SessionRequest.newBuilder();
    for (int i = 1; i <= 257; i++) {
      crowd.addOperations(Operation.newBuilder().setId(i));
    }
    return Stream.of(
        Arguments.of("hello", SessionRequest.newBuilder().setHello(Hello.getDefaultInstance())),
        Arguments.of(
            "operations.id", SessionRequest.newBuilder().addOperations(first).addOperations(first)),
        Arguments.of(
            "operations.id", SessionRequest.newBuilder().addOperations(first.toBuilder().setId(0))),
        Arguments.of("operations", crowd),
        Arguments.of("mark", SessionRequest.newBuilder().setMark(6)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("breaches")
  void messageAgainstTheRules_endsTheStreamAndNamesTheField(
      String field, SessionRequest.Builder message) {
    SessionClient client = SessionClient.open(server.channel);
    client.mark(6);

    client.call.sendMessage(message.build());

    Status end = client.end.orElseThrow();
    assertThat(end.getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(end.getDescription()).contains(field);
    assertThat(server.services.openSessions()).isZero();
  }

  @Test
  void operationBeforeTheGreeting_endsTheStream() {
    SessionClient client = SessionClient.silent(server.channel);
    client.call.request(10);

    client.acquire(claim("a").build());

    assertThat(client.end.orElseThrow().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(server.getLock("a").getHoldersList()).isEmpty();
  }

  @Test
  void greetingWithABadOwner_endsTheStream() {
    SessionClient client = SessionClient.silent(server.channel);
    client.call.request(10);

    client.greet(Hello.newBuilder().setOwner("x".repeat(257)).build());

    assertThat(client.end.orElseThrow().getDescription()).contains("owner");
  }

  @Test
  void moreUnansweredOperationsThanAllowed_endTheStreamAndLeaveNoWaiter() {
    server.take("a");
    SessionClient client = SessionClient.open(server.channel);
    for (int i = 0; i < InProcessServer.POLICY.sessionOperations(); i++) {
      client.acquire(claim("a").setWait(seconds(60)).build());
    }
    assertThat(client.end).isEmpty();

    client.acquire(claim("b").build());

    assertThat(client.end.orElseThrow().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(server.coordinator.waiterCount()).isZero();
  }

  @Test
  void clientThatDoesNotRead_isBoundedByItsUnansweredOperations() {
    SessionClient client = SessionClient.silent(server.channel);
    client.call.request(1);
    client.greet(Hello.getDefaultInstance());
    int sent = 0;
    while (client.end.isEmpty() && sent < 10 * InProcessServer.POLICY.sessionOperations()) {
      client.acquire(claim("lock-" + sent++).build());
    }

    // The client has read only the greeting. The status comes after the messages in the transport.
    assertThat(server.services.openSessions()).isZero();
    client.call.request(1000);
    assertThat(client.end.orElseThrow().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void clientThatDoesNotRead_leavesNothingAfterItsEnd() {
    server.take("a");
    long before = server.limits.holdingBytes().used();
    SessionClient client = SessionClient.silent(server.channel);
    client.call.request(1);
    client.greet(Hello.getDefaultInstance());
    for (int i = 0; i < InProcessServer.POLICY.sessionOperations() + 5; i++) {
      client.acquire(claim("a").build());
    }

    assertThat(server.services.openSessions()).isZero();
    assertThat(server.limits.sessions().used()).isZero();
    assertThat(server.limits.holdingBytes().used()).isEqualTo(before);
    assertThat(server.limits.waitingBytes().used()).isZero();
  }

  @Test
  void acquireBehindARelease_ofTheSameLock_findsItFree() {
    SessionClient client = SessionClient.open(server.channel);
    AcquireRequest first = claim("a").build();
    GrantRef grant =
        ref(first.getClaimId(), client.result(client.acquire(first)).getAcquire().getGranted());
    server.backend.stall();
    long release = client.release(grant);
    server.backend.heal();

    long second = client.acquire(claim("a").build());
    long elsewhere = client.acquire(claim("b").build());

    assertThat(client.isAnswered(release)).isFalse();
    assertThat(client.isAnswered(second)).as("waits for the release").isFalse();
    assertThat(client.isAnswered(elsewhere)).isTrue();
  }

  @Test
  void releaseAndAcquireOfOneLock_inOneMessage_areDoneInThisOrder() {
    SessionClient client = SessionClient.open(server.channel);
    AcquireRequest first = claim("a").build();
    GrantRef grant =
        ref(first.getClaimId(), client.result(client.acquire(first)).getAcquire().getGranted());

    long second =
        client.send(SessionClient.releasing(grant), Operation.newBuilder().setAcquire(claim("a")));

    assertThat(client.result(second).getAcquire().getGranted().getFencingToken())
        .isGreaterThan(grant.getFencingToken());
  }
}
