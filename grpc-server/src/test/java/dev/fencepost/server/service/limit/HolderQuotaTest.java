package dev.fencepost.server.service.limit;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.GrantRef;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.SessionClient;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Held locks, queries and unfinished requests never prevent a holder from renewing or releasing.
 */
class HolderQuotaTest {
  private static final int MEBIBYTE = 1024 * 1024;
  private InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void holderOfMoreLocksThanCanBeRemembered_renewsAndReleasesAllOfThem() {
    start(new LimitSettings(1000, 1000, 1000, 1000, 1_000_000, 1000, MEBIBYTE, 100));
    SessionClient session = SessionClient.open(server.channel);
    List<GrantRef> held = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      AcquireRequest request = claim("lock-" + i).build();
      long id = session.acquire(request);
      held.add(ref(request.getClaimId(), session.result(id).getAcquire().getGranted()));
      session.messages.clear();
    }

    for (GrantRef grant : List.of(held.get(0), held.get(4_999))) {
      assertThat(session.result(session.renew(grant)).hasRenew()).isTrue();
      assertThat(renew(grant).hasRenewed()).isTrue();
      assertThat(session.result(session.release(grant)).hasRelease()).isTrue();
    }
    assertThat(SessionClient.open(server.channel).end).as("one more session").isEmpty();
    assertThat(server.locks().release(releasing(held.get(1))).getOutcomeValue()).isEqualTo(1);
  }

  @Test
  void callsWhoseRequestNeverComes_areEndedAndLeaveTheirPlaces() {
    start(new LimitSettings(1000, 3, 1000, 1000, 1000, 1000, MEBIBYTE, 100));
    AcquireRequest request = claim("a").build();
    GrantRef grant = ref(request.getClaimId(), server.take(request));
    List<CompletableFuture<Status>> silent = List.of(begin(), begin(), begin());
    assertThatThrownBy(() -> renew(grant)).isInstanceOf(StatusRuntimeException.class);

    server.time.pass(Duration.ofSeconds(20));

    assertThat(silent)
        .allSatisfy(
            call -> assertThat(call.getNow(Status.OK).getCode()).isEqualTo(Code.INVALID_ARGUMENT));
    assertThat(server.limits.openCalls()).isZero();
    assertThat(renew(grant).hasRenewed()).isTrue();
  }

  private CompletableFuture<Status> begin() {
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCall<RenewRequest, RenewResponse> call =
        server.channel.newCall(LockServiceGrpc.getRenewMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(2);
    return end;
  }

  private void start(LimitSettings limits) {
    server.close();
    server = new InProcessServer(CoordinatorSettings.DEFAULT, limits);
  }

  private RenewResponse renew(GrantRef grant) {
    return server.locks().renew(RenewRequest.newBuilder().setGrant(grant).build());
  }

  private static ReleaseRequest releasing(GrantRef grant) {
    return ReleaseRequest.newBuilder()
        .setName(grant.getName())
        .setClaimId(grant.getClaimId())
        .setFencingToken(grant.getFencingToken())
        .build();
  }
}
