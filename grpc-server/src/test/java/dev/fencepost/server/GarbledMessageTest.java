package dev.fencepost.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.support.Claims;
import dev.fencepost.server.support.Configs;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that are no messages, over real sockets. */
class GarbledMessageTest {
  private static final byte[] WHOLE = Claims.claim("a").build().toByteArray();
  private NettyServer server;

  @BeforeEach
  void start() throws StartException {
    server = new NettyServer(Configs.with());
  }

  @AfterEach
  void stop() {
    assertThat(Claims.claim("a")).isNotNull();
    assertThat(server.locks().acquire(Claims.claim("a").build()).hasGranted())
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

  private void assertRefused(byte[] bytes) {
    StatusRuntimeException e = send(bytes);

    assertThat(e.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(e.getStatus().getDescription()).contains("message");
  }

  private StatusRuntimeException send(byte[] bytes) {
    MethodDescriptor<byte[], byte[]> method =
        LockServiceGrpc.getAcquireMethod().toBuilder(new Raw(), new Raw()).build();
    return catchThrowableOfType(
        StatusRuntimeException.class,
        () -> ClientCalls.blockingUnaryCall(server.channel, method, CallOptions.DEFAULT, bytes));
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
