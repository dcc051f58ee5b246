package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.process.FencepostMain;
import dev.fencepost.testkit.process.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A replica of Fencepost, with the flags of {@code ./fencepost server}. */
final class FencepostProcess implements AutoCloseable {
  /** The flags of its JVM in a run that measures. */
  static final List<String> FLAGS =
      List.of("-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Xmx2g");

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final HttpClient http;
  private final ChildJvm jvm;
  private final String address;
  private final String metricsUri;

  /** Starts it and waits until it is ready. */
  FencepostProcess(String storeUri, List<String> flags) {
    this(storeUri, flags, List.of(), HttpClient.newHttpClient());
  }

  /** Starts it with mutual TLS and rules. */
  FencepostProcess(String storeUri, List<String> flags, SecuredAccess access) {
    this(storeUri, flags, access.settings(), access.httpClient());
  }

  private FencepostProcess(
      String storeUri, List<String> flags, List<String> settings, HttpClient http) {
    this.http = http;
    List<String> all =
        new ArrayList<>(
            List.of(
                "store=" + storeUri,
                "listen=127.0.0.1:0",
                "http-listen=127.0.0.1:0",
                "log.level=warn",
                // One client queues 100,000 claims, and a session reserves room for renewals.
                "limits.session-operations=200000"));
    all.addAll(settings);
    jvm = ChildJvm.start(flags, FencepostMain.class, all.toArray(String[]::new));
    try {
      address = awaitHeading("  gRPC     ").split(" ", 2)[0];
      metricsUri = awaitHeading("  HTTP     ").split(" ", 2)[0];
      String readyUri = metricsUri.replace("/metrics", "/readyz");
      await(() -> get(readyUri).statusCode() == 200, TIMEOUT, () -> get(readyUri).body());
    } catch (AssertionError | RuntimeException e) {
      jvm.kill();
      throw new IllegalStateException("Fencepost did not start: " + e.getMessage(), e);
    }
  }

  long pid() {
    return jvm.pid();
  }

  /** The address that it listens on, {@code host:port}. */
  String address() {
    return address;
  }

  int port() {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** Returns the sum of all series of a metric. */
  double metric(String name) {
    return get(metricsUri)
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Waits until a metric reaches the value. */
  void awaitMetric(String name, double wanted, Duration timeout) {
    await(
        () -> metric(name) >= wanted,
        timeout,
        () -> name + " is " + metric(name) + ", not " + wanted);
  }

  /** Sends SIGKILL. */
  @Override
  public void close() {
    jvm.kill();
  }

  private String awaitHeading(String heading) {
    return jvm.awaitLine(line -> line.startsWith(heading), TIMEOUT).substring(heading.length());
  }

  private static void await(BooleanSupplier condition, Duration timeout, Supplier<String> failure) {
    long startNanos = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - startNanos > timeout.toNanos()) {
        throw new IllegalStateException(failure.get());
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private HttpResponse<String> get(String uri) {
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create(uri)).timeout(TIMEOUT).build(),
          BodyHandlers.ofString());
    } catch (IOException e) {
      throw new IllegalStateException("no answer from " + uri, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
