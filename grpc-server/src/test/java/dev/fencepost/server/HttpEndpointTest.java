package dev.fencepost.server;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.support.TestConfigs;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.stub.ClientCalls;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpEndpointTest {
  private NettyServer server;

  @BeforeEach
  void start() throws StartException {
    server = new NettyServer(TestConfigs.with());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void metrics_tellOfLocksStoreCallsAndTheProcess() throws Exception {
    assertThat(server.locks().acquire(claim("secret-name").build()).hasGranted()).isTrue();
    assertThat(server.locks().acquire(claim("secret-name").build()).hasNotGranted()).isTrue();

    HttpResponse<String> response = server.get("/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain");
    assertThat(response.body())
        .contains(
            "fencepost_acquire_seconds_count{outcome=\"granted\"} 1",
            "fencepost_acquire_seconds_count{outcome=\"busy\"} 1",
            "fencepost_acquire_seconds_bucket{outcome=\"granted\",le=\"0.005\"}",
            "fencepost_store_call_seconds_count{operation=\"acquire\",outcome=\"ok\"} 2",
            "fencepost_grpc_call_seconds_count{code=\"OK\","
                + "method=\"fencepost.v1.LockService/Acquire\"} 2",
            "fencepost_waiters 0.0",
            "fencepost_contended_locks",
            "fencepost_hand_overs_total 0.0",
            "fencepost_ready 1.0",
            "fencepost_build_info{version=\"",
            "jvm_memory_used_bytes",
            "process_uptime_seconds")
        .doesNotContain("secret-name");
  }

  @Test
  void inventedMethods_areCountedTogether() throws Exception {
    MethodDescriptor<byte[], byte[]> invented =
        MethodDescriptor.<byte[], byte[]>newBuilder(
                new GarbledMessageTest.Raw(), new GarbledMessageTest.Raw())
            .setType(MethodType.UNARY)
            .setFullMethodName("evil/" + System.nanoTime())
            .build();
    Throwable refused =
        catchThrowable(
            () ->
                ClientCalls.blockingUnaryCall(
                    server.channel, invented, CallOptions.DEFAULT, new byte[0]));

    assertThat(refused).hasMessageContaining("UNIMPLEMENTED");
    assertThat(server.get("/metrics").body())
        .contains("fencepost_grpc_call_seconds_count{code=\"UNIMPLEMENTED\",method=\"other\"} 1")
        .doesNotContain("evil/");
  }

  @Test
  void unknownPage_listsTheKnownOnes() throws Exception {
    assertThat(server.get("/").statusCode()).isEqualTo(404);
    assertThat(server.get("/").body()).contains("/metrics /livez /readyz");
    assertThat(server.get("/metrics/more").statusCode()).isEqualTo(404);
  }

  @Test
  void otherMethods_areRefused() throws Exception {
    URI uri = URI.create("http://" + server.server.httpAddress().orElseThrow() + "/livez");
    HttpClient client = HttpClient.newHttpClient();

    HttpResponse<String> post =
        client.send(
            HttpRequest.newBuilder(uri).POST(BodyPublishers.ofString("x")).build(),
            BodyHandlers.ofString());
    HttpResponse<String> head =
        client.send(
            HttpRequest.newBuilder(uri).method("HEAD", BodyPublishers.noBody()).build(),
            BodyHandlers.ofString());

    assertThat(post.statusCode()).isEqualTo(405);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @ParameterizedTest(name = "{0} of \"{1}\"")
  @CsvSource({"2, 'GET /livez HTTP/1.1'", "400, 'GET /livez HTTP/1.1'", "400, ''"})
  void halfSentRequests_doNotKeepAProbeOut(int count, String sent) throws Exception {
    List<Socket> silent = new ArrayList<>();
    try {
      HostPort address = server.server.httpAddress().orElseThrow();
      for (int i = 0; i < count; i++) {
        Socket socket = new Socket(address.host(), address.port());
        silent.add(socket);
        socket.getOutputStream().write(sent.getBytes(StandardCharsets.US_ASCII));
      }

      for (int probe = 0; probe < 3; probe++) {
        assertThat(probe(address)).isEqualTo(200);
      }
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }

  @Test
  void pipelinedRequestsAndKeptConnections_areAnswered() throws Exception {
    HostPort address = server.server.httpAddress().orElseThrow();
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.setSoTimeout(10_000);
      String request = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
      String last = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write((request + last).getBytes(StandardCharsets.US_ASCII));

      String answers =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answers.split("HTTP/1.1 200 OK", -1)).as(answers).hasSize(3);
      assertThat(answers).endsWith("alive\n");
    }
  }

  private static int probe(HostPort address) throws Exception {
    HttpURLConnection probe =
        (HttpURLConnection) URI.create("http://" + address + "/livez").toURL().openConnection();
    probe.setConnectTimeout(5_000);
    probe.setReadTimeout(5_000);
    try {
      return probe.getResponseCode();
    } finally {
      probe.disconnect();
    }
  }

  @Test
  void http_canBeSwitchedOff() throws Exception {
    try (NettyServer silent = new NettyServer(TestConfigs.with("http-listen", "off"))) {
      assertThat(silent.server.httpAddress()).isEmpty();
    }
  }
}
