package dev.fencepost.server.service.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.server.support.ManualTimers;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls that arrive before the store is open. */
class StoreGateTest {
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private final ManualTimers timers = new ManualTimers();
  private final StoreGate gate = new StoreGate(new StatusMapper(new Random(1)), timers, LONGEST);
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName("gate")
            .directExecutor()
            .addService(
                ServerInterceptors.interceptForward(
                    new HealthStatusManager().getHealthService(), gate))
            .build()
            .start();
    channel = InProcessChannelBuilder.forName("gate").directExecutor().build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void callThatComesWhileTheStoreIsOpened_isAnsweredOnceItIs() {
    PendingCheck early = call();
    assertThat(early.isDone()).isFalse();

    gate.open();

    assertThat(status(early)).isEqualTo(Status.Code.OK);
    assertThat(status(call())).isEqualTo(Status.Code.OK);
    assertThat(gate.waitingCalls()).isZero();
  }

  @Test
  void callIsHeld_forTheLongestHoldAtMost() {
    PendingCheck early = call();

    timers.pass(LONGEST.minusMillis(1));
    assertThat(early.isDone()).isFalse();
    timers.pass(Duration.ofMillis(1));

    assertThat(status(early)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(gate.waitingCalls()).isZero();
  }

  @Test
  void callWithADeadline_isRefusedBeforeIt() {
    PendingCheck early =
        PendingCheck.start(HealthGrpc.newStub(channel).withDeadlineAfter(3, TimeUnit.SECONDS));

    timers.pass(Duration.ofMillis(2750));

    assertThat(status(early)).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void storeThatCannotBeReached_refusesAtOnceUntilItIsOpened() {
    PendingCheck early = call();

    gate.onOpenFailed();

    assertThat(status(early)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status(call())).isEqualTo(Status.Code.UNAVAILABLE);
    gate.open();
    gate.onOpenFailed();
    assertThat(status(call())).isEqualTo(Status.Code.OK);
  }

  @Test
  void callerThatLeaves_leavesNothingBehind() {
    call().leave();

    await().until(() -> gate.waitingCalls() == 0);
    assertThat(timers.scheduled()).isZero();
    gate.open();
    assertThat(status(call())).isEqualTo(Status.Code.OK);
  }

  @Test
  void callsBeyondTheBound_areRefused() {
    List<PendingCheck> calls = new ArrayList<>();
    for (int i = 0; i < StoreGate.MAX_WAITING_CALLS; i++) {
      calls.add(call());
    }

    assertThat(status(call())).isEqualTo(Status.Code.UNAVAILABLE);
    gate.open();
    assertThat(calls).allMatch(call -> status(call) == Status.Code.OK);
  }

  @Test
  void stream_isRefusedAtOnce() {
    PendingCheck stream = new PendingCheck();

    HealthGrpc.newStub(channel).watch(HealthCheckRequest.getDefaultInstance(), stream);

    assertThat(status(stream)).isEqualTo(Status.Code.UNAVAILABLE);
  }

  private PendingCheck call() {
    return PendingCheck.start(HealthGrpc.newStub(channel));
  }

  private static Status.Code status(PendingCheck call) {
    return call.code.orTimeout(5, TimeUnit.SECONDS).join();
  }

  /** A health check in flight. */
  private static final class PendingCheck
      implements ClientResponseObserver<HealthCheckRequest, HealthCheckResponse> {
    private final CompletableFuture<Status.Code> code = new CompletableFuture<>();
    private ClientCallStreamObserver<HealthCheckRequest> call;

    static PendingCheck start(HealthGrpc.HealthStub stub) {
      PendingCheck check = new PendingCheck();
      stub.check(HealthCheckRequest.getDefaultInstance(), check);
      return check;
    }

    boolean isDone() {
      return code.isDone();
    }

    void leave() {
      call.cancel("the caller leaves", null);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<HealthCheckRequest> started) {
      call = started;
    }

    @Override
    public void onNext(HealthCheckResponse response) {
      code.complete(Status.Code.OK);
    }

    @Override
    public void onError(Throwable failure) {
      code.complete(Status.fromThrowable(failure).getCode());
    }

    @Override
    public void onCompleted() {
      code.complete(Status.Code.UNKNOWN);
    }
  }
}
