package dev.fencepost.server;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.ReleaseOutcome;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.ReleaseResponse;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.FaultyBackend;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.testkit.model.ModelServer;
import dev.fencepost.testkit.process.TcpProxy;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Tests a complete server over real sockets. */
class FencepostServerTest {
  private static final String LOCKS = "fencepost.v1.LockService";

  @Test
  void server_isReadyWhenStartReturns() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      assertThat(server.server.obstacle()).isEmpty();
      assertThat(server.health("")).isEqualTo(ServingStatus.SERVING);
      assertThat(server.health(LOCKS)).isEqualTo(ServingStatus.SERVING);
      assertThat(server.get("/readyz").statusCode()).isEqualTo(200);
      assertThat(server.locks().acquire(claim("a").build()).hasGranted()).isTrue();
    }
  }

  @Test
  void unreachableStore_isTriedUntilItComes() throws Exception {
    ModelServer store = ModelServer.direct();
    FaultyBackend backend = new FaultyBackend(store.newBackend());
    backend.failWith(new StoreException(Failure.STORE_UNREACHABLE, "no connection"));
    try (NettyServer server = new NettyServer(TestConfigs.with(), store, backend)) {
      assertThat(server.health("")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(server.get("/readyz").statusCode()).isEqualTo(503);
      assertThat(server.get("/readyz").body()).contains("the store has not answered yet");
      assertThat(server.get("/livez").statusCode()).isEqualTo(200);
      StatusRuntimeException refused =
          catchThrowableOfType(
              StatusRuntimeException.class, () -> server.locks().acquire(claim("a").build()));
      assertThat(refused.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(refused.getStatus().getDescription()).startsWith("STORE_UNREACHABLE: ");

      backend.heal();

      await().untilAsserted(() -> assertThat(server.health("")).isEqualTo(ServingStatus.SERVING));
      assertThat(server.locks().acquire(claim("a").build()).hasGranted()).isTrue();
    }
  }

  @Test
  void storeThatStalls_makesTheServerNotReadyUntilItAnswers() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      server.backend.stall();

      await()
          .untilAsserted(
              () -> assertThat(server.health(LOCKS)).isEqualTo(ServingStatus.NOT_SERVING));
      assertThat(server.get("/readyz").body()).contains("the store does not answer");
      assertThat(server.get("/livez").statusCode()).isEqualTo(200);

      server.backend.heal();
      await()
          .untilAsserted(() -> assertThat(server.health(LOCKS)).isEqualTo(ServingStatus.SERVING));
    }
  }

  @Test
  void exchangedStore_makesTheServerNotReady() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      server.store.wipe();

      await()
          .untilAsserted(() -> assertThat(server.health("")).isEqualTo(ServingStatus.NOT_SERVING));
      assertThat(server.get("/readyz").body()).contains("the store was exchanged");
    }
  }

  @Test
  void refusedStore_endsTheStartWithItsReason() {
    FaultyBackend backend = new FaultyBackend(ModelServer.direct().newBackend());
    backend.failWith(new StoreConfigurationException("maxmemory-policy: set it to noeviction"));

    StartException e =
        catchThrowableOfType(
            StartException.class,
            () -> FencepostServer.start(TestConfigs.with(), backend, NettyServer.QUICK));

    assertThat(e).hasMessage("maxmemory-policy: set it to noeviction");
    assertThat(backend.isClosed()).isTrue();
  }

  @Test
  void storeRefusedLater_endsTheServerWithItsReason() throws Exception {
    ModelServer store = ModelServer.direct();
    FaultyBackend backend = new FaultyBackend(store.newBackend());
    backend.failWith(new StoreException(Failure.STORE_UNREACHABLE, "no connection"));
    try (NettyServer server = new NettyServer(TestConfigs.with(), store, backend)) {
      backend.failWith(new StoreConfigurationException("a read replica"));

      StartException e =
          catchThrowableOfType(StartException.class, () -> server.server.awaitTermination());

      assertThat(e).hasMessage("a read replica");
      assertThat(backend.isClosed()).isTrue();
    }
  }

  @Test
  void portInUse_isSaidInOneLine() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      for (String key : new String[] {"listen", "http-listen"}) {
        FaultyBackend backend = new FaultyBackend(ModelServer.direct().newBackend());

        StartException e =
            catchThrowableOfType(
                StartException.class,
                () ->
                    FencepostServer.start(
                        TestConfigs.with(key, address), backend, NettyServer.QUICK));

        assertThat(e).hasMessage(key + ": " + address + " is in use by another process");
        assertThat(backend.isClosed()).isTrue();
      }
    }
  }

  @Test
  void drain_answersThoseWhoWaitAndEndsTheServer() throws Exception {
    ModelServer store = ModelServer.direct();
    try (NettyServer server = new NettyServer(TestConfigs.with(), store)) {
      assertThat(server.locks().acquire(claim("a").build()).hasGranted()).isTrue();
      AcquireFuture waiting =
          AcquireFuture.start(server.channel, claim("a").setWait(seconds(600)).build());
      awaitMetric(server, "fencepost_waiters 1.0");

      server.server.drain();

      server.server.awaitTermination();
      assertThat(waiting)
          .failsWithin(5, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("DRAINING");
      assertThat(server.backend.isClosed()).isTrue();
    }
    try (NettyServer other = new NettyServer(TestConfigs.with(), store)) {
      assertThat(other.locks().acquire(claim("a").build()).getNotGranted().getReason())
          .as("grants remain")
          .isEqualTo(NotGrantedReason.NOT_GRANTED_REASON_BUSY);
    }
  }

  @Test
  void drainWithStalledStore_endsAfterItsTimeout() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with("drain-timeout", "200ms"))) {
      server.backend.stall();
      AcquireFuture hanging = AcquireFuture.start(server.channel, claim("a").build());
      awaitMetric(server, "fencepost_calls_open 1.0");

      server.server.drain();

      server.server.awaitTermination();
      assertThat(hanging).failsWithin(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void drainBeforeTheStoreEverAnswered_endsTheServer() throws Exception {
    ModelServer store = ModelServer.direct();
    FaultyBackend backend = new FaultyBackend(store.newBackend());
    backend.failWith(new StoreException(Failure.STORE_UNREACHABLE, "no connection"));
    try (NettyServer server = new NettyServer(TestConfigs.with(), store, backend)) {
      server.server.drain();

      server.server.awaitTermination();
      assertThat(backend.isClosed()).isTrue();
    }
  }

  @Test
  void drainThatFails_endsTheServerAllTheSame() throws Exception {
    ModelServer store = ModelServer.direct();
    FaultyBackend backend = new FaultyBackend(store.newBackend());
    try (NettyServer server = new NettyServer(TestConfigs.with(), store, backend)) {
      backend.throwFromNowOn(new IllegalStateException("a fault of the backend"));

      server.server.drain();

      server.server.awaitTermination();
      assertThat(backend.isClosed()).isTrue();
    }
  }

  @Test
  void brokenConnection_takesItsWaitersAlong() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      assertThat(server.locks().acquire(claim("a").build()).hasGranted()).isTrue();
      ManagedChannel other = server.newChannel();
      AcquireFuture waiting = AcquireFuture.start(other, claim("a").setWait(seconds(600)).build());
      awaitMetric(server, "fencepost_waiters 1.0");

      other.shutdownNow();

      awaitMetric(server, "fencepost_waiters 0.0");
      assertThat(waiting).failsWithin(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void silentConnection_isFoundByTheKeepaliveAndItsWaitersLeave() throws Exception {
    try (NettyServer server =
        new NettyServer(TestConfigs.with("connection.keep-alive-timeout", "1s"))) {
      assertThat(server.locks().acquire(claim("a").build()).hasGranted()).isTrue();
      try (TcpProxy proxy = new TcpProxy(server.server.port())) {
        ManagedChannel through =
            NettyChannelBuilder.forAddress("127.0.0.1", proxy.port()).usePlaintext().build();
        AcquireFuture waiting =
            AcquireFuture.start(through, claim("a").setWait(seconds(600)).build());
        awaitMetric(server, "fencepost_waiters 1.0");

        proxy.swallow(TcpProxy.Direction.REQUESTS);
        proxy.swallow(TcpProxy.Direction.ANSWERS);

        await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> server.get("/metrics").body().contains("fencepost_waiters 0.0"));
        assertThat(waiting.isDone()).as("the client does not know yet").isFalse();
        through.shutdownNow();
      }
    }
  }

  @Test
  void cancelInTheMomentOfTheGrant_leavesAGrantThatItsClaimFinds() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      Random random = new Random(4711);
      AcquireRequest holder = claim("a").build();
      Grant grant = server.locks().acquire(holder).getGranted();
      for (int round = 0; round < 300; round++) {
        AcquireRequest next = claim("a").setWait(seconds(60)).build();
        AcquireFuture waiting = AcquireFuture.start(server.channel, next);
        ReleaseRequest release =
            ReleaseRequest.newBuilder()
                .setName("a")
                .setClaimId(holder.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build();
        CompletableFuture<ReleaseResponse> released =
            CompletableFuture.supplyAsync(() -> server.locks().release(release));
        for (int spin = random.nextInt(20_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        waiting.cancel(true);
        assertThat(released.join().getOutcome()).isEqualTo(ReleaseOutcome.RELEASE_OUTCOME_RELEASED);
        holder = next;
        grant = server.locks().acquire(next).getGranted();
      }
      assertThat(server.get("/metrics").body()).contains("fencepost_waiters 0.0");
    }
  }

  @Test
  void reflection_isThereOnlyIfAskedFor() throws Exception {
    try (NettyServer server = new NettyServer(TestConfigs.with())) {
      assertThat(services(server)).failsWithin(5, TimeUnit.SECONDS);
    }
    try (NettyServer server = new NettyServer(TestConfigs.with("reflection", "true"))) {
      assertThat(services(server))
          .succeedsWithin(5, TimeUnit.SECONDS)
          .asString()
          .contains(LOCKS, "fencepost.v1.AdminService");
      assertThat(servicesByOlderTool(server))
          .succeedsWithin(5, TimeUnit.SECONDS)
          .asString()
          .contains(LOCKS, "fencepost.v1.AdminService");
    }
  }

  private static void awaitMetric(NettyServer server, String line) {
    await().untilAsserted(() -> assertThat(server.get("/metrics").body()).contains(line));
  }

  private static CompletableFuture<ServerReflectionResponse> services(NettyServer server) {
    return ask(
        ServerReflectionGrpc.newStub(server.channel)::serverReflectionInfo,
        ServerReflectionRequest.newBuilder().setListServices("").build());
  }

  /** Calls reflection as grpcurl and other tools do that do not know {@code grpc.reflection.v1}. */
  @SuppressWarnings("deprecation") // the service is deprecated too, but such tools need it
  private static CompletableFuture<io.grpc.reflection.v1alpha.ServerReflectionResponse>
      servicesByOlderTool(NettyServer server) {
    return ask(
        io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(server.channel)
            ::serverReflectionInfo,
        io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
            .setListServices("")
            .build());
  }

  private static <Q, R> CompletableFuture<R> ask(
      Function<StreamObserver<R>, StreamObserver<Q>> method, Q request) {
    CompletableFuture<R> answer = new CompletableFuture<>();
    StreamObserver<Q> requests =
        method.apply(
            new StreamObserver<>() {
              @Override
              public void onNext(R response) {
                answer.complete(response);
              }

              @Override
              public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {
                answer.completeExceptionally(new IllegalStateException("no answer"));
              }
            });
    requests.onNext(request);
    requests.onCompleted();
    return answer;
  }
}
