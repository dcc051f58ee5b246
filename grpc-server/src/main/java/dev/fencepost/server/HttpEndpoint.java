package dev.fencepost.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Pages for machines that watch this server. A few threads, a short queue, no request body. */
final class HttpEndpoint implements AutoCloseable {
  private static final int THREADS = 2;
  private static final int QUEUE = 64;

  private final HttpServer server;
  private final ThreadPoolExecutor threads;

  /**
   * A page's content.
   *
   * @param status HTTP status
   * @param contentType media type
   * @param body text
   */
  record Page(int status, String contentType, String body) {
    static Page text(int status, String body) {
      return new Page(status, "text/plain; charset=utf-8", body + "\n");
    }
  }

  private HttpEndpoint(HttpServer server, ThreadPoolExecutor threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Listens.
   *
   * @param pages by path
   * @throws IOException if the address cannot be had
   */
  static HttpEndpoint start(InetSocketAddress address, Map<String, Supplier<Page>> pages)
      throws IOException {
    HttpServer server = HttpServer.create(address, QUEUE);
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE),
            task -> {
              Thread thread = new Thread(task, "fencepost-http-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            },
            // Over the bound a connection is dropped by the server; the watcher asks again.
            new ThreadPoolExecutor.AbortPolicy());
    server.setExecutor(threads);
    server.createContext("/", exchange -> handle(exchange, pages));
    server.start();
    return new HttpEndpoint(server, threads);
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static void handle(HttpExchange exchange, Map<String, Supplier<Page>> pages)
      throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      Supplier<Page> page = pages.get(exchange.getRequestURI().getPath());
      if (page == null) {
        send(exchange, Page.text(404, "pages: " + String.join(" ", pages.keySet())));
      } else if (!method.equals("GET") && !method.equals("HEAD")) {
        send(exchange, Page.text(405, "GET or HEAD"));
      } else {
        send(exchange, page.get());
      }
    }
  }

  private static void send(HttpExchange exchange, Page page) throws IOException {
    byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", page.contentType());
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(page.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(page.status(), body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
