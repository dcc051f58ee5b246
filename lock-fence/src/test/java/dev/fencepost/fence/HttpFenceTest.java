package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.fence.pause.PauseTrial;
import dev.fencepost.lock.FencingToken;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HttpFenceTest {

  private final MemoryFence marks = new MemoryFence();
  private final Map<String, String> contents = new ConcurrentHashMap<>();
  private final AtomicReference<Body> body = new AtomicReference<>(Body.STREAM);
  private final AtomicReference<MemoryFence> own = new AtomicReference<>(new MemoryFence());
  private final CountDownLatch headArrived = new CountDownLatch(1);
  private final HttpClient client = HttpClient.newHttpClient();
  private Server server;
  private URI uri;

  @BeforeEach
  void start() throws Exception {
    serve(new FenceFilter(marks).only(request -> !request.getMethod().equals("GET")));
  }

  @AfterEach
  void stop() throws Exception {
    server.stop();
  }

  @Test
  void staleRequest_isRefusedBeforeItsServlet_andSaysWhy() throws Exception {
    put("a", "new", token(2));
    HttpResponse<String> refused = send("a", "late", token(1));
    assertThat(refused.statusCode()).isEqualTo(412);
    assertThat(refused.body()).startsWith("STALE_TOKEN: ");
    assertThatThrownBy(() -> HttpFence.requirePassed(refused))
        .isInstanceOfSatisfying(
            StaleTokenException.class,
            stale -> {
              assertThat(stale.resource()).isEqualTo("a");
              assertThat(stale.token()).isEqualTo(token(1));
              assertThat(stale.mark()).isEqualTo(token(2));
            });
    put("a", "again", token(2));
    assertThat(contents).containsExactly(Map.entry("a", "again"));
  }

  @Test
  void anyResourceName_arrivesAsItIs() throws Exception {
    for (String name : List.of("a/b", "a%2fb", " ü,\u00a0😀 ", "100%")) {
      put(name, "1", token(1));
      assertThatThrownBy(() -> marks.check(name, new FencingToken(1)))
          .isInstanceOfSatisfying(
              StaleTokenException.class, stale -> assertThat(stale.resource()).isEqualTo(name));
    }
  }

  @Test
  void requestWithoutAGoodToken_isRefused_othersNeedNone() throws Exception {
    assertThat(status("fencepost-resource", "a")).isEqualTo(428);
    for (String wrong : List.of("0", "-1", "1.5", "1e18", "9223372036854775808")) {
      assertThat(status("fencepost-token", wrong, "fencepost-resource", "a")).isEqualTo(400);
    }
    assertThat(status("fencepost-token", "1")).isEqualTo(400);
    assertThat(status("fencepost-token", "1", "fencepost-resource", "%ff")).isEqualTo(400);
    assertThat(status("fencepost-token", "1", "fencepost-token", "2", "fencepost-resource", "a"))
        .isEqualTo(400);
    assertThat(contents).isEmpty();
    HttpRequest read = HttpRequest.newBuilder(uri).GET().build();
    assertThat(client.send(read, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
  }

  @Test
  void serverNamesTheResource_andTheCallersNameIsIgnored() throws Exception {
    server.stop();
    serve(new FenceFilter(marks).resource(HttpServletRequest::getRequestURI));
    put("a", "1", token(2));
    assertThat(send("b", "1", token(1)).statusCode()).isEqualTo(412);
  }

  @Test
  void marksThatCannotBeRead_letNothingThrough() throws Exception {
    server.stop();
    FenceMarks broken =
        (resource, token) -> {
          throw new FenceUnavailableException("no store", new IOException());
        };
    serve(new FenceFilter(broken));
    assertThat(send("a", "1", token(1)).statusCode()).isEqualTo(503);
    assertThat(contents).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Body.class)
  void requestHeldBackInTheMiddleOfItsBody_isRefused(Body read) throws Exception {
    body.set(read);
    try (Socket late = new Socket(InetAddress.getLoopbackAddress(), uri.getPort())) {
      late.getOutputStream().write(half(read).getBytes(UTF_8));
      headArrived.await();
      marks.check("a", token(2));
      late.getOutputStream().write("late".getBytes(UTF_8));
      late.shutdownOutput();
      assertThat(new String(late.getInputStream().readAllBytes(), UTF_8))
          .startsWith("HTTP/1.1 412 ")
          .containsIgnoringCase("fencepost-mark: " + token(2));
    }
    assertThat(contents).isEmpty();
  }

  @Test
  void servletsOwnFence_isAnsweredAsTheFiltersOwn() throws Exception {
    own.get().check("a", token(5));
    HttpResponse<String> refused = send("a", "late", token(1));
    assertThatThrownBy(() -> HttpFence.requirePassed(refused))
        .isInstanceOfSatisfying(
            StaleTokenException.class, stale -> assertThat(stale.mark()).isEqualTo(token(5)));
    assertThat(contents).isEmpty();
  }

  @Test
  void preconditionThatFailedForAnotherReason_isLeftToTheCaller() throws Exception {
    HttpRequest request =
        HttpFence.fenced(HttpRequest.newBuilder(uri), "a", token(1))
            .method("DELETE", nothing())
            .build();
    assertThat(HttpFence.requirePassed(client.send(request, BodyHandlers.ofString())).statusCode())
        .isEqualTo(412);
  }

  @Test
  void holderStoppedBetweenLookAndRequest_isRefused() throws Exception {
    PauseTrial.allLateWritesAreRefused("http", uri.toString());
    assertThat(contents.values()).hasSize(PauseTrial.RESOURCES).containsOnly("newer");
  }

  private void serve(FenceFilter filter) throws Exception {
    server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    ServletContextHandler context = new ServletContextHandler();
    context.addFilter(new FilterHolder(filter), "/*", EnumSet.of(DispatcherType.REQUEST));
    context.addServlet(new ServletHolder(new Contents()), "/*");
    server.setHandler(context);
    server.start();
    int port = ((ServerConnector) server.getConnectors()[0]).getLocalPort();
    uri = URI.create("http://localhost:" + port + "/contents");
  }

  private void put(String resource, String value, FencingToken token) throws Exception {
    HttpResponse<String> answer = HttpFence.requirePassed(send(resource, value, token));
    assertThat(answer.statusCode()).isEqualTo(200);
  }

  private HttpResponse<String> send(String resource, String value, FencingToken token)
      throws Exception {
    HttpRequest request =
        HttpFence.fenced(HttpRequest.newBuilder(uri), resource, token)
            .PUT(HttpRequest.BodyPublishers.ofString(resource + "=" + value))
            .build();
    return client.send(request, BodyHandlers.ofString());
  }

  private int status(String... headers) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .headers(headers)
            .PUT(HttpRequest.BodyPublishers.ofString("a=unprotected"))
            .build();
    return client.send(request, BodyHandlers.ofString()).statusCode();
  }

  private static HttpRequest.BodyPublisher nothing() {
    return HttpRequest.BodyPublishers.noBody();
  }

  /** A request whose last four bytes are missing. */
  private static String half(Body read) {
    String begin = read.name().startsWith("FORM") ? "write=a%3D" : "a=";
    return String.join(
        "\r\n",
        "PUT /contents HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Fencepost-Token: " + token(1),
        "Fencepost-Resource: a",
        "Content-Type: "
            + (read.name().startsWith("FORM") ? "application/x-www-form-urlencoded" : "text/plain"),
        "Content-Length: " + (begin.length() + 4),
        "",
        begin);
  }

  /** The ways in which a servlet may read a body. */
  private enum Body {
    STREAM(request -> new String(request.getInputStream().readAllBytes(), UTF_8)),
    ANNOUNCED_LENGTH(
        request ->
            new String(request.getInputStream().readNBytes(request.getContentLength()), UTF_8)),
    SINGLE_BYTES(
        request -> {
          StringBuilder text = new StringBuilder();
          for (int b = request.getInputStream().read();
              b >= 0;
              b = request.getInputStream().read()) {
            text.append((char) b);
          }
          return text.toString();
        }),
    READER(request -> request.getReader().readLine()),
    FORM(request -> request.getParameter("write")),
    FORM_MAP(request -> request.getParameterMap().get("write")[0]);

    @SuppressWarnings("ImmutableEnumChecker") // Lambdas that capture nothing.
    private final Read read;

    Body(Read read) {
      this.read = read;
    }
  }

  private interface Read {
    String of(HttpServletRequest request) throws IOException;
  }

  /** Writes {@code resource=value}. */
  private final class Contents extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doPut(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      headArrived.countDown();
      String[] parts = body.get().read.of(request).split("=", 2);
      own.get().check(parts[0], FenceFilter.token(request));
      contents.put(parts[0], parts[1]);
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      assertThatThrownBy(() -> FenceFilter.token(request))
          .isInstanceOf(IllegalStateException.class);
    }

    @Override
    protected void doDelete(HttpServletRequest request, HttpServletResponse response) {
      response.setStatus(412);
    }
  }
}
