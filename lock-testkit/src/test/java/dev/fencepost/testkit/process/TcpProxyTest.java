package dev.fencepost.testkit.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TcpProxyTest {

  private static final int READ_TIMEOUT_MILLIS = 5000;
  private static final int SILENCE_MILLIS = 200;

  private final EchoServer server = new EchoServer();
  private final TcpProxy proxy = new TcpProxy(server.port());

  @AfterEach
  void close() throws IOException {
    proxy.close();
    server.close();
  }

  @Test
  void healthy_passesBothWays() throws IOException {
    try (Socket socket = connect()) {
      assertThat(ask(socket, "hello")).isEqualTo("hello");
      assertThat(proxy.connections()).isEqualTo(1);
    }
    await().until(() -> proxy.connections() == 0);
  }

  @Test
  void endOfRequests_stillDeliversTheAnswer() throws IOException {
    try (Socket socket = connect()) {
      send(socket, "last words");
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("last words");
    }
  }

  @ParameterizedTest
  @EnumSource
  void delayed_arrivesLaterThenAtOnceAgain(Direction direction) throws IOException {
    try (Socket socket = connect()) {
      proxy.delay(direction, Duration.ofMillis(300));
      long begun = System.nanoTime();
      assertThat(ask(socket, "slow")).isEqualTo("slow");
      assertThat(System.nanoTime() - begun).isGreaterThan(Duration.ofMillis(290).toNanos());
      proxy.resume();
      assertThat(ask(socket, "fast")).isEqualTo("fast");
    }
  }

  @ParameterizedTest
  @EnumSource
  void cutAfterFourBytes_breaksThatConnectionOnly(Direction direction) throws IOException {
    try (Socket socket = connect()) {
      assertThat(ask(socket, "before")).isEqualTo("before");
      proxy.cutAfter(direction, 4);
      send(socket, "123456");
      assertThatThrownBy(() -> read(socket, 6)).isInstanceOf(IOException.class);
    }
    try (Socket next = connect()) {
      assertThat(ask(next, "lives")).isEqualTo("lives");
    }
  }

  @ParameterizedTest
  @EnumSource
  void swallowed_hearsNothingAndIsBrokenByResume(Direction direction) throws IOException {
    try (Socket socket = connect();
        Socket quiet = connect()) {
      assertThat(ask(quiet, "before")).isEqualTo("before");
      proxy.swallow(direction);
      assertThatSilent(socket, "lost");
      proxy.resume();
      assertThatThrownBy(() -> ask(socket, "after")).isInstanceOf(IOException.class);
      assertThat(ask(quiet, "after")).isEqualTo("after");
    }
  }

  @ParameterizedTest
  @EnumSource
  void held_arrivesAfterResume(Direction direction) throws IOException {
    try (Socket socket = connect()) {
      proxy.hold(direction);
      assertThatSilent(socket, "patience");
      proxy.resume();
      assertThat(read(socket, 8)).isEqualTo("patience");
    }
  }

  @Test
  void reset_breaksPresentConnectionsOnly() throws IOException {
    try (Socket socket = connect()) {
      assertThat(ask(socket, "hello")).isEqualTo("hello");
      proxy.reset();
      assertThatThrownBy(() -> ask(socket, "gone")).isInstanceOf(IOException.class);
    }
    try (Socket next = connect()) {
      assertThat(ask(next, "lives")).isEqualTo("lives");
    }
  }

  @Test
  void refused_canBeReachedAfterResume() throws IOException {
    proxy.refuse();
    assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
    proxy.resume();
    try (Socket next = connect()) {
      assertThat(ask(next, "lives")).isEqualTo("lives");
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
    socket.setSoTimeout(READ_TIMEOUT_MILLIS);
    return socket;
  }

  private static void assertThatSilent(Socket socket, String request) throws IOException {
    send(socket, request);
    socket.setSoTimeout(SILENCE_MILLIS);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.setSoTimeout(READ_TIMEOUT_MILLIS);
  }

  private static String ask(Socket socket, String text) throws IOException {
    send(socket, text);
    return read(socket, text.length());
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads so many bytes, or what is there when the connection ends; then it must not be short. */
  private static String read(Socket socket, int bytes) throws IOException {
    byte[] got = socket.getInputStream().readNBytes(bytes);
    if (got.length < bytes) {
      throw new IOException("the connection ended after " + got.length + " bytes");
    }
    return new String(got, StandardCharsets.UTF_8);
  }
}
