package dev.fencepost.server.service.call;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.DrainingException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.support.InProcessServer;
import dev.fencepost.server.support.RefusedCall;
import dev.fencepost.server.support.SessionClient;
import dev.fencepost.server.support.TestRequests;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The status that the caller receives for each kind of failure. */
class StatusMapperTest {
  private static final LimitSettings TWO_CALLS =
      new LimitSettings(2, 1000, 1000, 1000, 1000, 1000, 64 * 1024 * 1024, 100);
  private InProcessServer server = new InProcessServer();

  @AfterEach
  void close() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "STORE_UNREACHABLE, UNAVAILABLE",
    "STORE_TIMEOUT, UNAVAILABLE",
    "STORE_ERROR, UNAVAILABLE",
    "STORE_OVERLOADED, RESOURCE_EXHAUSTED",
    "STORE_FULL, RESOURCE_EXHAUSTED"
  })
  void storeFailure_beginsWithItsWordAndSaysWhenToRetry(Failure failure, Code code) {
    server.backend.failWith(new StoreException(failure, "so it is"));

    RefusedCall refused = RefusedCall.by(() -> server.locks().acquire(claim("a").build()));

    assertThat(refused.code()).isEqualTo(code);
    assertThat(refused.message()).isEqualTo(failure + ": so it is");
    assertThat(refused.detail(RetryInfo.class)).isPresent();
    assertThat(refused.detail(ErrorInfo.class).orElseThrow().getReason()).isEqualTo(failure.name());
  }

  @Test
  void unreadableRecord_isAFailedPreconditionThatNamesTheLock() {
    server.backend.failWith(StoreException.unreadable(new LockName("orders/42"), "format 2"));

    RefusedCall refused = RefusedCall.by(() -> server.locks().acquire(claim("orders/42").build()));

    assertThat(refused.code()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(refused.message())
        .isEqualTo(
            "RECORD_UNREADABLE: the record of lock \"orders/42\" cannot be read by this version:"
                + " format 2");
    assertThat(refused.detail(RetryInfo.class)).as("a retry does not help").isEmpty();
    assertThat(refused.detail(ErrorInfo.class).orElseThrow().getReason())
        .isEqualTo("RECORD_UNREADABLE");
  }

  @Test
  void failedCall_canBeRepeatedWhenTheStoreIsBack() {
    AcquireRequest request = claim("a").build();
    server.backend.failWith(new StoreException(Failure.STORE_TIMEOUT, "no answer"));
    RefusedCall.by(() -> server.locks().acquire(request));
    server.backend.heal();

    Grant grant = server.take(request);

    assertThat(grant.getName()).isEqualTo("a");
  }

  @Test
  void anythingElse_isInternalWithAReferenceAndLeaksNothing() {
    server.backend.failWith(new IllegalStateException("jdbc:secret@host: stack"));

    RefusedCall refused =
        RefusedCall.by(
            () ->
                server
                    .locks()
                    .renew(
                        RenewRequest.newBuilder()
                            .setGrant(
                                TestRequests.ref(
                                    TestRequests.newId(),
                                    Grant.newBuilder().setName("a").setFencingToken(1).build()))
                            .build()));

    assertThat(refused.code()).isEqualTo(Code.INTERNAL);
    assertThat(refused.message()).doesNotContain("secret").containsPattern("[0-9a-f]{8}$");
  }

  @Test
  void fullQueue_isRefusedAndTheOthersGoOn() throws Exception {
    server.close();
    CoordinatorSettings.Most few = new CoordinatorSettings.Most(10, 1 << 20);
    server =
        new InProcessServer(
            new CoordinatorSettings(32, 1, few, few, Duration.ofSeconds(1)),
            InProcessServer.LIMITS);
    AcquireRequest holder = claim("a").build();
    Grant grant = server.take(holder);
    var waiting = server.queue(claim("a"), 60);

    var tooMany = server.queue(claim("a"), 60);

    RefusedCall refused = refused(tooMany);
    assertThat(refused.code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(refused.message()).startsWith("OVER_LIMIT: ");
    assertThat(refused.detail(QuotaFailure.class).orElseThrow().getViolationsCount()).isEqualTo(1);
    assertThat(refused.detail(RetryInfo.class)).isPresent();
    release(holder, grant);
    assertThat(waiting.get().hasGranted()).isTrue();
  }

  @Test
  void drain_sendsTheWaitingAwayWithTheTimeTheyWaited() {
    server.take("a");
    var waiting = server.queue(claim("a"), 60);
    server.time.pass(Duration.ofSeconds(7));

    server.coordinator.drain();

    RefusedCall refused = refused(waiting);
    assertThat(refused.code()).isEqualTo(Code.UNAVAILABLE);
    assertThat(refused.message()).startsWith("DRAINING: ");
    ErrorInfo info = refused.detail(ErrorInfo.class).orElseThrow();
    assertThat(info.getMetadataMap()).containsEntry("waited", "7s");
    RefusedCall late = RefusedCall.by(() -> server.locks().acquire(claim("b").build()));
    assertThat(late.message()).startsWith("DRAINING: ");
  }

  @Test
  void drain_leavesRenewingAndReleasing() {
    AcquireRequest request = claim("a").build();
    Grant grant = server.take(request);

    server.coordinator.drain();

    assertThat(
            server
                .locks()
                .renew(
                    RenewRequest.newBuilder()
                        .setGrant(TestRequests.ref(request.getClaimId(), grant))
                        .build())
                .hasRenewed())
        .isTrue();
    release(request, grant);
    assertThat(server.getLock("a").getHoldersList()).isEmpty();
  }

  @Test
  void tooManyCalls_areRefusedButRenewalsAndReleasesGoOn() {
    server.close();
    server = new InProcessServer(CoordinatorSettings.DEFAULT, TWO_CALLS);
    AcquireRequest request = claim("a").build();
    Grant grant = server.take(request);
    var one = server.queue(claim("a"), 60);
    var two = server.queue(claim("a"), 60);

    RefusedCall refused = RefusedCall.by(() -> server.locks().acquire(claim("b").build()));

    assertThat(refused.code()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(refused.message()).contains("calls open at a time: at its limit of 2");
    assertThat(
            server
                .locks()
                .renew(
                    RenewRequest.newBuilder()
                        .setGrant(TestRequests.ref(request.getClaimId(), grant))
                        .build())
                .hasRenewed())
        .isTrue();
    release(request, grant);
    assertThat(one.isDone()).isTrue();
    assertThat(two.isDone()).isFalse();
    assertThat(server.getLock("a").getHoldersList()).as("there is room again").hasSize(1);
  }

  @Test
  void sessionOfAHolder_comesInWhenWaitersTakeEveryCall() {
    server.close();
    server = new InProcessServer(CoordinatorSettings.DEFAULT, TWO_CALLS);
    server.take("a");
    var one = server.queue(claim("a"), 60);
    var two = server.queue(claim("a"), 60);
    assertThat(List.of(one.isDone(), two.isDone())).containsOnly(false);

    SessionClient holder = SessionClient.open(server.channel);

    assertThat(holder.end).isEmpty();
    assertThat(holder.messages.get(0).hasWelcome()).isTrue();
  }

  @Test
  void wrappedFailure_isUnwrapped() {
    CallStatus refusal =
        new StatusMapper(new Random(1))
            .of(
                new CompletionException(
                    new CompletionException(new DrainingException(Duration.ofSeconds(1)))));

    assertThat(refusal.reason()).isEqualTo("DRAINING");
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

  private static RefusedCall refused(java.util.concurrent.Future<?> call) {
    try {
      throw new AssertionError("answered: " + call.get());
    } catch (ExecutionException e) {
      return RefusedCall.with((StatusRuntimeException) e.getCause());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
