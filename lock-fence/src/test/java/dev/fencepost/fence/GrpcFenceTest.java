package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.fence.pause.PauseTrial;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GrpcFenceTest {

  private final MemoryFence marks = new MemoryFence();
  private final AtomicReference<Step> beforeStore = new AtomicReference<>(token -> {});
  private final RawService service =
      new RawService() {
        @Override
        void store(String resource, String value) {
          beforeStore.get().run(FenceServerInterceptor.token());
          super.store(resource, value);
        }
      };
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    serve(fence -> fence.only(method -> method != RawService.READ), marks);
  }

  @AfterEach
  void stop() {
    end();
    threads.shutdownNow();
  }

  @Test
  void staleCall_isRefusedBeforeItsHandler_andTheCauseSaysWhy() {
    put("a", "new", token(2));
    assertThatThrownBy(() -> put("a", "late", token(1)))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> {
              assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
              assertThat(refused.getStatus().getDescription()).startsWith("STALE_TOKEN: ");
              StaleTokenException stale = (StaleTokenException) refused.getStatus().getCause();
              assertThat(stale.resource()).isEqualTo("a");
              assertThat(stale.token()).isEqualTo(token(1));
              assertThat(stale.mark()).isEqualTo(token(2));
            });
    put("a", "again", token(2));
    assertThat(service.contents).containsExactly(Map.entry("a", "again"));
  }

  @Test
  void anyResourceName_arrivesAsItIs() {
    for (String name : List.of("a/b", "a%2fb", " ü,\u00a0😀 ", "100%", "x".repeat(512))) {
      put(name, "1", token(1));
      assertThatThrownBy(() -> marks.check(name, new FencingToken(1)))
          .isInstanceOfSatisfying(
              StaleTokenException.class, stale -> assertThat(stale.resource()).isEqualTo(name));
    }
  }

  @Test
  void callWithoutAGoodToken_isRefused_othersOfTheServiceNeedNone() {
    String resource = "fencepost-resource";
    assertThat(refusal(Map.of())).contains("fencepost-token", "once");
    assertThat(refusal(Map.of("fencepost-token", "5"))).contains(resource, "once");
    for (String wrong :
        List.of(
            "0", "-1", "", "1.5", "1e18", "abc", "9223372036854775808", "99999999999999999999")) {
      assertThat(refusal(Map.of("fencepost-token", wrong, resource, "a")))
          .startsWith("fencepost-token: ");
    }
    for (String wrong : List.of("", "%", "%4", "%zz", "%ff", "%00", "x".repeat(513))) {
      assertThat(refusal(Map.of("fencepost-token", "5", resource, wrong))).startsWith(resource);
    }
    assertThat(service.contents).isEmpty();
    assertThat(ClientCalls.blockingUnaryCall(channel, RawService.READ, CallOptions.DEFAULT, "a"))
        .isEmpty();
  }

  @Test
  void tokenOfAnUnlockedCaller_neverLeavesTheClient() {
    assertThatThrownBy(() -> put(sending("a", () -> new FencingToken(0)), "a=unprotected"))
        .isInstanceOf(InvalidValueException.class);
    assertThat(service.contents).isEmpty();
  }

  @Test
  void serverNamesTheResource_andTheCallersNameIsIgnored() throws IOException {
    end();
    serve(fence -> fence.resource((method, headers) -> method.getFullMethodName()), marks);
    put("a", "1", token(2));
    assertThatThrownBy(() -> put("b", "1", token(1))).hasMessageContaining("STALE_TOKEN");
  }

  @Test
  void marksThatCannotBeRead_letNothingThrough() throws IOException {
    end();
    serve(
        fence -> fence,
        (resource, token) -> {
          throw new FenceUnavailableException("no store", new IOException());
        });
    assertThatThrownBy(() -> put("a", "1", token(1)))
        .hasMessage("UNAVAILABLE: FENCE_UNAVAILABLE: no store");
    assertThat(service.contents).isEmpty();
  }

  @Test
  void requestHeldBackBetweenItsHeadAndItsBody_isRefused() throws Exception {
    RawCall late = new RawCall(sending("a", () -> token(1)), RawService.PUT);
    late.call.sendMessage("a=late"); // The end of the request is still missing.
    put("a", "newer", token(2));
    late.call.halfClose();
    assertThat(late.end().getDescription()).startsWith("STALE_TOKEN");
    assertThat(service.contents).containsExactly(Map.entry("a", "newer"));
  }

  @Test
  void streamOfAnOlderHolder_isEndedAtItsNextMessage() throws Exception {
    RawCall stream = new RawCall(sending("a", () -> token(1)), RawService.STREAM);
    stream.call.sendMessage("1");
    assertThat(stream.messages.poll(1, TimeUnit.MINUTES)).isEqualTo("got 1");
    marks.check("a", token(2));
    stream.call.sendMessage("late");
    assertThat(stream.end().getDescription()).startsWith("STALE_TOKEN");
    await().until(() -> service.received.size() == 2);
    assertThat(service.received).containsExactly("1", "error CANCELLED");
    RawCall refused = new RawCall(sending("a", () -> token(1)), RawService.STREAM);
    assertThat(refused.end().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void streamOfAnOlderHolder_cannotEndWithEffect() throws Exception {
    RawCall stream = new RawCall(sending("a", () -> token(1)), RawService.STREAM);
    stream.call.sendMessage("1");
    assertThat(stream.messages.poll(1, TimeUnit.MINUTES)).isEqualTo("got 1");
    marks.check("a", token(2));
    stream.call.halfClose();
    assertThat(stream.end().getDescription()).startsWith("STALE_TOKEN");
    await().until(() -> service.received.size() == 2);
    assertThat(service.received).containsExactly("1", "error CANCELLED");
  }

  @Test
  void handlerHeldBack_writesLate_unlessItsResourceHasAFenceOfItsOwn() throws Exception {
    assertThat(heldBackInTheHandler(1, token -> {})).as("narrowed only").isEqualTo("late");

    MemoryFence resource = new MemoryFence();
    assertThat(heldBackInTheHandler(3, token -> resource.check("b", token))).isEqualTo("newer");
  }

  @Test
  void holderStoppedBetweenLookAndCall_isRefused() throws Exception {
    PauseTrial.allLateWritesAreRefused("grpc", "localhost:" + server.getPort());
    assertThat(service.contents.values()).hasSize(PauseTrial.RESOURCES).containsOnly("newer");
  }

  /** Returns the resource's content after a newer call overtook one that its handler held back. */
  private String heldBackInTheHandler(long first, Step fence) throws Exception {
    CountDownLatch inHandler = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    FencingToken older = token(first);
    beforeStore.set(
        token -> {
          if (token.equals(older)) {
            inHandler.countDown();
            goOn.await();
          }
          fence.run(token);
        });
    Future<String> late = threads.submit(() -> put("b", "late", older));
    inHandler.await();
    put("b", "newer", token(first + 1));
    goOn.countDown();
    try {
      late.get();
    } catch (ExecutionException e) {
      StatusRuntimeException refused = (StatusRuntimeException) e.getCause();
      assertThat(refused.getStatus().getCause()).isInstanceOf(StaleTokenException.class);
    }
    return service.contents.get("b");
  }

  private void serve(UnaryOperator<FenceServerInterceptor> with, FenceMarks on) throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(
                ServerInterceptors.intercept(service, with.apply(FenceServerInterceptor.with(on))))
            .build()
            .start();
    channel = NettyChannelBuilder.forAddress("localhost", server.getPort()).usePlaintext().build();
  }

  private void end() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  private Channel sending(String resource, Supplier<FencingToken> token) {
    return ClientInterceptors.intercept(channel, FenceClientInterceptor.sending(resource, token));
  }

  private String put(String resource, String value, FencingToken token) {
    return put(sending(resource, () -> token), resource + "=" + value);
  }

  private static String put(Channel channel, String message) {
    return ClientCalls.blockingUnaryCall(channel, RawService.PUT, CallOptions.DEFAULT, message);
  }

  /** Returns the status of a call with these headers. */
  private String refusal(Map<String, String> headers) {
    Metadata metadata = new Metadata();
    headers.forEach(
        (name, value) ->
            metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    Channel with =
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    try {
      put(with, "a=unprotected");
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      return String.valueOf(e.getStatus().getDescription());
    }
    throw new AssertionError("not refused: " + headers);
  }

  private interface Step {
    void act(FencingToken token) throws Exception;

    default void run(FencingToken token) {
      try {
        act(token);
      } catch (StaleTokenException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A call whose parts are sent one by one. */
  private static final class RawCall {

    private final ClientCall<String, String> call;
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<Status> ends = new LinkedBlockingQueue<>();

    RawCall(Channel channel, MethodDescriptor<String, String> method) {
      call = channel.newCall(method, CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onMessage(String message) {
              messages.add(message);
              call.request(1);
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              ends.add(status);
            }
          },
          new Metadata());
      call.request(1);
    }

    Status end() throws InterruptedException {
      return ends.poll(1, TimeUnit.MINUTES);
    }
  }
}
