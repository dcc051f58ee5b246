package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import dev.fencepost.proto.v1.SessionServiceGrpc;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.server.support.TestRequests;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that cannot be parsed, over real sockets. */
class GarbledMessageTest {
  private static final byte[] WHOLE = TestRequests.claim("a").build().toByteArray();
  private NettyServer server;

  @BeforeEach
  void start() throws StartException {
    server = new NettyServer(TestConfigs.with());
  }

  @AfterEach
  void stop() {
    assertThat(TestRequests.claim("a")).isNotNull();
    assertThat(server.locks().acquire(TestRequests.claim("a").build()).hasGranted())
        .as("nothing happened, and the server goes on")
        .isTrue();
    server.close();
  }

  @Test
  void truncatedMessage_isABadArgument() {
    assertRefused(Arrays.copyOf(WHOLE, WHOLE.length - 3));
  }

  @Test
  void noiseInsteadOfAMessage_isABadArgument() {
    assertRefused(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, 7, 3, 1});
  }

  @Test
  void nameThatIsNoUtf8_isABadArgument() {
    assertRefused(new byte[] {0x0a, 2, (byte) 0xc3, (byte) 0x28});
  }

  @Test
  void messageOverTheLimit_isRefusedUnread() {
    byte[] large = new byte[70_000];
    StatusRuntimeException e = send(large);

    assertThat(e.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void garbledMessageOnASession_withdrawsItsWaitersAtOnce() throws Exception {
    assertThat(server.locks().acquire(TestRequests.claim("w").build()).hasGranted()).isTrue();
    RawSession session = new RawSession();
    session.send(SessionRequest.newBuilder().setHello(Hello.getDefaultInstance()).build());
    Operation.Builder waiting =
        Operation.newBuilder()
            .setId(1)
            .setAcquire(TestRequests.claim("w").setWait(TestRequests.seconds(60)));
    session.send(SessionRequest.newBuilder().addOperations(waiting).build());
    await().until(() -> waiters() == 1);

    session.call.sendMessage(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, 7, 3, 1});

    assertThat(session.end.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    await().atMost(Duration.ofSeconds(3)).until(() -> waiters() == 0);
  }

  @Test
  void gzipThatUnpacksToTooMuch_isOverTheLimitAndNoErrorOfTheServer() {
    StatusRuntimeException e =
        send(
            TestRequests.claim("a").setOwner("x".repeat(500_000)).build().toByteArray(),
            CallOptions.DEFAULT.withCompression("gzip"));

    assertThat(e.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(e.getStatus().getDescription()).contains("65536");
  }

  @Test
  void bytesThatAreNoGzip_areABadArgument() {
    StatusRuntimeException e =
        send(
            new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
            CallOptions.DEFAULT.withCompression("gzip"),
            registryWhoseGzipIsNone());

    assertThat(e.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(e.getStatus().getDescription()).contains("garbled");
  }

  private static CompressorRegistry registryWhoseGzipIsNone() {
    CompressorRegistry registry = CompressorRegistry.newEmptyInstance();
    registry.register(
        new Compressor() {
          @Override
          public String getMessageEncoding() {
            return "gzip";
          }

          @Override
          public OutputStream compress(OutputStream plain) {
            return plain;
          }
        });
    return registry;
  }

  private int waiters() throws Exception {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("fencepost_waiters "))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }

  /** A session that sends raw bytes as messages. */
  private final class RawSession extends ClientCall.Listener<byte[]> {
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final ClientCall<byte[], byte[]> call;

    RawSession() {
      call =
          server.channel.newCall(
              SessionServiceGrpc.getSessionMethod().toBuilder(new Raw(), new Raw()).build(),
              CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.request(1000);
    }

    void send(SessionRequest message) {
      call.sendMessage(message.toByteArray());
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }
  }

  private void assertRefused(byte[] bytes) {
    StatusRuntimeException e = send(bytes);

    assertThat(e.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(e.getStatus().getDescription()).contains("message");
  }

  private StatusRuntimeException send(byte[] bytes) {
    return send(bytes, CallOptions.DEFAULT);
  }

  private StatusRuntimeException send(
      byte[] bytes, CallOptions options, CompressorRegistry compressors) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server.port())
            .usePlaintext()
            .compressorRegistry(compressors)
            .build();
    try {
      return send(channel, bytes, options);
    } finally {
      channel.shutdownNow();
    }
  }

  private StatusRuntimeException send(byte[] bytes, CallOptions options) {
    return send(server.channel, bytes, options);
  }

  private static StatusRuntimeException send(Channel channel, byte[] bytes, CallOptions options) {
    MethodDescriptor<byte[], byte[]> method =
        LockServiceGrpc.getAcquireMethod().toBuilder(new Raw(), new Raw()).build();
    return catchThrowableOfType(
        StatusRuntimeException.class,
        () -> ClientCalls.blockingUnaryCall(channel, method, options, bytes));
  }

  static final class Raw implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
