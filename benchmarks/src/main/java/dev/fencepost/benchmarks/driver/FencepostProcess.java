package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.process.FencepostMain;
import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One of Fencepost's replicas, with the flags of {@code ./fencepost server}. */
final class FencepostProcess implements AutoCloseable {
  /** The flags of its JVM in a run that measures. */
  static final List<String> JVM = List.of("-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Xmx2g");

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final ChildJvm jvm;
  private final String address;
  private final String http;

  /** Starts it and waits until it listens. */
  FencepostProcess(String storeUri, List<String> flags) {
    List<String> arguments = new ArrayList<>();
    arguments.add("store=" + storeUri);
    arguments.add("listen=127.0.0.1:0");
    arguments.add("http-listen=127.0.0.1:0");
    arguments.add("log.level=warn");
    // One client has 100,000 claims waiting; a session keeps room for renewals beside them.
    arguments.add("limits.session-operations=200000");
    jvm = ChildJvm.start(flags, FencepostMain.class, arguments.toArray(String[]::new));
    try {
      address = after("  gRPC     ");
      http = after("  HTTP     ").split(" ", 2)[0];
      awaitReady();
    } catch (AssertionError | RuntimeException e) {
      jvm.kill();
      throw new IllegalStateException("Fencepost did not start: " + e.getMessage(), e);
    }
  }

  long pid() {
    return jvm.pid();
  }

  /** Where it listens, {@code host:port}. */
  String address() {
    return address;
  }

  int port() {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** The sum of all series of a metric. */
  double metric(String name) {
    return get(http)
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Waits until a metric is at least so high. */
  void awaitMetric(String name, double wanted, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    while (metric(name) < wanted) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(name + " is " + metric(name) + ", not " + wanted);
      }
      pause();
    }
  }

  /** What is reachable in its heap, after a collection. */
  long liveHeapBytes() {
    return LiveHeap.bytes(jvm.pid());
  }

  void kill() {
    jvm.kill();
  }

  @Override
  public void close() {
    jvm.kill();
  }

  private String after(String heading) {
    return jvm.awaitLine(line -> line.startsWith(heading), PATIENCE).substring(heading.length());
  }

  private void awaitReady() {
    String ready = http.replace("/metrics", "/readyz");
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!isOk(ready)) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("not ready: " + get(ready));
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static boolean isOk(String uri) {
    return send(uri).statusCode() == 200;
  }

  private static String get(String uri) {
    return send(uri).body();
  }

  private static java.net.http.HttpResponse<String> send(String uri) {
    try {
      return HTTP.send(
          HttpRequest.newBuilder(URI.create(uri)).timeout(PATIENCE).build(),
          BodyHandlers.ofString());
    } catch (IOException e) {
      throw new IllegalStateException("cannot ask " + uri, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
