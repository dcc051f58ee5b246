package dev.fencepost.server;

import static dev.fencepost.server.support.TestRequests.claim;
import static dev.fencepost.server.support.TestRequests.ref;
import static dev.fencepost.server.support.TestRequests.seconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.LockServiceGrpc.LockServiceBlockingStub;
import dev.fencepost.proto.v1.ReleaseRequest;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import dev.fencepost.proto.v1.WatchLocksRequest;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.server.support.AcquireFuture;
import dev.fencepost.server.support.OpenSession;
import dev.fencepost.server.support.TestConfigs;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Limits of one client, which is a host. Above a limit the client is refused, while its own holders
 * and other clients go on. {@code greedy} and {@code other} are two hosts.
 */
class ClientLimitsTest {
  private static final String LARGE = "v".repeat(120);

  private NettyServer server;
  private ManagedChannel greedy;
  private ManagedChannel other;

  @AfterEach
  void close() {
    greedy.shutdownNow();
    other.shutdownNow();
    server.close();
  }

  @Test
  void connectionsOfOneClient_areBounded_beforeTheySendAnything() throws Exception {
    start("limits.connections", "8");
    locks(greedy).acquire(claim("a").build());
    Socket silent = connect("127.0.0.2");

    try (Socket third = connect("127.0.0.2")) {
      assertThat(third.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(locks(other).acquire(claim("b").build()).hasGranted()).isTrue();
    assertThat(gauge("fencepost_connections_refused_total")).isEqualTo(1);
    assertThat(locks(greedy).acquire(claim("c").build()).hasGranted()).isTrue();

    silent.close();
    await().until(() -> gauge("fencepost_connections") == 2);
    try (Socket next = connect("127.0.0.2")) {
      await().until(() -> gauge("fencepost_connections") == 3);
      assertThat(next.isConnected()).isTrue();
    }
  }

  /** The client answers each ping of the server, so keepalive never ends its connection. */
  @Test
  void connectionWithoutACall_isAskedToLeave() throws Exception {
    start("connection.max-idle", "1s");
    Iterator<WatchLocksResponse> watched = watch(other, "a");
    watched.next();

    locks(greedy).acquire(claim("a").build());

    await().until(() -> gauge("fencepost_connections") == 1);
    assertThat(greedy.getState(false)).isEqualTo(ConnectivityState.IDLE);
    assertThat(locks(greedy).acquire(claim("b").build()).hasGranted()).isTrue();
  }

  private Socket connect(String address) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(address, 0));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.server.port()));
    return socket;
  }

  @Test
  void openCallsOfOneClient_areBounded() throws Exception {
    start("limits.open-calls", "8");
    AcquireRequest held = claim("a").build();
    Grant grant = locks(greedy).acquire(held).getGranted();
    var one = AcquireFuture.start(greedy, claim("a").setWait(seconds(60)).build());
    var two = AcquireFuture.start(greedy, claim("a").setWait(seconds(60)).build());
    awaitWaiters(2);

    assertRefused(() -> locks(greedy).acquire(claim("b").build()), "calls open at a time");

    assertThat(locks(other).acquire(claim("b").build()).hasGranted()).isTrue();
    OpenSession holder = OpenSession.on(greedy);
    assertThat(holder.renew(ref(held.getClaimId(), grant)).get(5, TimeUnit.SECONDS).hasRenew())
        .isTrue();
    release(greedy, held, grant);
    assertThat(CompletableFuture.anyOf(one, two).get(5, TimeUnit.SECONDS))
        .isInstanceOf(AcquireResponse.class);
  }

  @Test
  void sessionsOfOneClient_areBounded() throws Exception {
    start("limits.sessions", "8");
    OpenSession first = OpenSession.on(greedy);
    OpenSession second = OpenSession.on(greedy);
    first.welcome().get(5, TimeUnit.SECONDS);
    second.welcome().get(5, TimeUnit.SECONDS);

    OpenSession third = OpenSession.on(greedy);

    assertThat(third.end().get(5, TimeUnit.SECONDS).getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(third.end().get().getDescription()).contains("sessions of client 127.0.0.2");
    OpenSession.on(other).welcome().get(5, TimeUnit.SECONDS);
    first.cancel();
    await().untilAsserted(() -> OpenSession.on(greedy).welcome().get(5, TimeUnit.SECONDS));
  }

  @Test
  void watchedNamesOfOneClient_areBounded() throws Exception {
    start("limits.watched-names", "8");
    Iterator<WatchLocksResponse> watch = watch(greedy, "a", "b");
    assertThat(watch.next().getSynced()).isTrue();

    assertRefused(() -> watch(greedy, "c").next(), "watched names of client 127.0.0.2");

    assertThat(watch(other, "c", "d").next().getSynced()).isTrue();
    greedy.shutdownNow();
    greedy = from("127.0.0.2");
    await().untilAsserted(() -> assertThat(watch(greedy, "c").next().getSynced()).isTrue());
  }

  @Test
  void locksOfOneClient_areBounded() throws Exception {
    start("limits.locks", "8");
    AcquireRequest first = claim("a").build();
    Grant grant = locks(greedy).acquire(first).getGranted();
    OpenSession session = OpenSession.on(greedy);
    AcquireRequest second = claim("b").build();
    assertThat(granted(session.acquire(second))).isTrue();

    assertRefused(() -> locks(greedy).acquire(claim("c").build()), "locks held");
    Result refused = session.acquire(claim("c").build()).get(5, TimeUnit.SECONDS);

    assertThat(refused.getFailure().getReason()).isEqualTo("OVER_LIMIT");
    assertThat(locks(greedy).acquire(first).getGranted().getAlreadyHeld()).isTrue();
    assertThat(granted(session.acquire(second))).isTrue();
    RenewRequest renewal =
        RenewRequest.newBuilder().setGrant(ref(first.getClaimId(), grant)).build();
    assertThat(locks(greedy).renew(renewal).hasRenewed()).isTrue();
    assertThat(locks(other).acquire(claim("c").build()).hasGranted()).isTrue();
    release(greedy, first, grant);
    assertThat(locks(greedy).acquire(claim("d").build()).hasGranted()).isTrue();
  }

  @Test
  void bytesOfOneClientsWaiters_areBoundedAndGivenBack() throws Exception {
    start("limits.memory-percent", "10", "limits.client-percent", "1");
    AcquireRequest held = claim("a").build();
    Grant grant = locks(other).acquire(held).getGranted();
    OpenSession session = OpenSession.on(greedy);
    List<CompletableFuture<Result>> waiting = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      waiting.add(session.acquire(fat("a").setWait(seconds(60)).build()));
    }
    CompletableFuture<Result> last = waiting.get(199);

    assertThat(last.get(5, TimeUnit.SECONDS).getFailure().getReason()).isEqualTo("OVER_LIMIT");
    assertThat(last.get().getFailure().getMessage()).contains("bytes");
    assertRefused(() -> locks(greedy).acquire(fat("b").build()), "bytes");
    assertThat(waiting.get(0)).isNotDone();
    assertThat(session.renew(ref(held.getClaimId(), grant)).get(5, TimeUnit.SECONDS).hasRenew())
        .isTrue();
    assertThat(locks(other).acquire(fat("b").build()).hasGranted()).isTrue();

    session.cancel();

    await().untilAsserted(() -> assertThat(gauge("fencepost_waiting_bytes")).isZero());
    assertThat(gauge("fencepost_waiters")).isZero();
  }

  @Test
  void streamsWhoseClientsDoNotReadTheirEnd_areResetAndLeaveNothing() throws Exception {
    start();
    locks(other).acquire(claim("a").build());
    List<OpenSession> unread = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      unread.add(OpenSession.unread(greedy));
    }
    for (int i = 0; i < 1_000; i++) {
      for (OpenSession session : unread) {
        session.requestLock(claim("a").setOwner(LARGE).build());
      }
    }
    unread.forEach(OpenSession::greetAgain);

    await().untilAsserted(() -> assertThat(gauge("fencepost_sessions")).isZero());
    await()
        .atMost(Duration.ofSeconds(9))
        .untilAsserted(() -> assertThat(gauge("fencepost_holding_bytes")).isLessThan(1_000));
    await().untilAsserted(() -> assertThat(gauge("fencepost_waiting_bytes")).isZero());
  }

  private void start(String... settings) throws Exception {
    server = new NettyServer(TestConfigs.with(settings));
    greedy = from("127.0.0.2");
    other = from("127.0.0.3");
  }

  private ManagedChannel from(String address) {
    return NettyChannelBuilder.forAddress("127.0.0.1", server.server.port())
        .usePlaintext()
        .flowControlWindow(65_535)
        .localSocketPicker(
            new NettyChannelBuilder.LocalSocketPicker() {
              @Override
              public InetSocketAddress createSocketAddress(
                  java.net.SocketAddress remote, io.grpc.Attributes attributes) {
                return new InetSocketAddress(address, 0);
              }
            })
        .build();
  }

  private static LockServiceBlockingStub locks(ManagedChannel channel) {
    return LockServiceGrpc.newBlockingStub(channel);
  }

  private static Iterator<WatchLocksResponse> watch(ManagedChannel channel, String... names) {
    return locks(channel)
        .watchLocks(WatchLocksRequest.newBuilder().addAllNames(List.of(names)).build());
  }

  private static AcquireRequest.Builder fat(String name) {
    AcquireRequest.Builder request = claim(name);
    for (int i = 0; i < 32; i++) {
      request.putMetadata("key-" + i, LARGE);
    }
    return request;
  }

  private static boolean granted(CompletableFuture<Result> result) throws Exception {
    return result.get(5, TimeUnit.SECONDS).getAcquire().hasGranted();
  }

  private static void release(ManagedChannel channel, AcquireRequest claim, Grant grant) {
    locks(channel)
        .release(
            ReleaseRequest.newBuilder()
                .setName(claim.getName())
                .setClaimId(claim.getClaimId())
                .setFencingToken(grant.getFencingToken())
                .build());
  }

  private static void assertRefused(ThrowingCallable call, String limit) {
    StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(e).isNotNull();
    assertThat(e.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(e.getStatus().getDescription()).startsWith("OVER_LIMIT: ").contains(limit);
  }

  private void awaitWaiters(int count) {
    await().untilAsserted(() -> assertThat(gauge("fencepost_waiters")).isEqualTo(count));
  }

  private double gauge(String name) throws Exception {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }
}
