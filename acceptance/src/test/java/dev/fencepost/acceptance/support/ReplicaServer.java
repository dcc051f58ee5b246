package dev.fencepost.acceptance.support;

import static org.awaitility.Awaitility.await;

import dev.fencepost.testkit.process.ChildJvm;
import dev.fencepost.testkit.process.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One replica: {@code fencepost server} as a process of its own, on ports that it keeps when it is
 * started again. For one thread.
 */
public final class ReplicaServer implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final int HTTP_TIMEOUT_MILLIS = 10_000;
  private static final int SHOWN_LOG_CHARS = 4_000;
  private static final String PORT_TAKEN = "is in use by another process";

  /** Small, and quickly warm. */
  private static final List<String> JVM =
      List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");

  private final List<String> jvm;
  private final String storeUri;
  private final List<String> flags;
  private final int port;
  private final int httpPort = FreePort.next();
  private final Path log;
  private ChildJvm process;

  private ReplicaServer(List<String> jvm, int port, String storeUri, String... flags) {
    this.jvm = jvm;
    this.port = port;
    this.storeUri = storeUri;
    this.flags = List.of(flags);
    try {
      this.log = Files.createTempFile("fencepost-server-", ".log");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.process = launch();
  }

  /**
   * Starts a server and waits until it is ready. If somebody else took a port between its choice
   * and its use, others are chosen, once.
   *
   * @param flags more of its flags
   */
  public static ReplicaServer on(String storeUri, String... flags) {
    try {
      return onPort(FreePort.next(), storeUri, flags);
    } catch (IllegalStateException e) {
      if (!String.valueOf(e.getMessage()).contains(PORT_TAKEN)) {
        throw e;
      }
      return onPort(FreePort.next(), storeUri, flags);
    }
  }

  /** Starts a server where it was announced before. */
  public static ReplicaServer onPort(int port, String storeUri, String... flags) {
    ReplicaServer server = new ReplicaServer(JVM, port, storeUri, flags);
    server.awaitReady();
    return server;
  }

  /** Starts a server whose JVM takes {@code locale} for the one of its users. */
  public static ReplicaServer inLocale(Locale locale, String storeUri) {
    List<String> jvm = new ArrayList<>(JVM);
    jvm.add("-Duser.language=" + locale.getLanguage());
    jvm.add("-Duser.country=" + locale.getCountry());
    ReplicaServer server = new ReplicaServer(jvm, FreePort.next(), storeUri);
    server.awaitReady();
    return server;
  }

  /**
   * Starts a server for more clients than the usual heap has room for.
   *
   * @param heap its largest heap, for example {@code 2g}
   */
  public static ReplicaServer withHeap(String heap, String storeUri, String... flags) {
    List<String> jvm = List.of("-Xmx" + heap, "-XX:+UseParallelGC", "-Xshare:auto");
    ReplicaServer server = new ReplicaServer(jvm, FreePort.next(), storeUri, flags);
    server.awaitReady();
    return server;
  }

  /**
   * Starts a server that must end by itself instead of serving.
   *
   * @return what it complained of
   */
  public static String refusedOn(String storeUri) {
    try (ReplicaServer server = new ReplicaServer(JVM, FreePort.next(), storeUri)) {
      server.process.remainingLines(PATIENCE);
      return server.readLog();
    }
  }

  /** The port of gRPC. */
  public int port() {
    return port;
  }

  /** The process id. */
  public long pid() {
    return process.pid();
  }

  /** Starts it again after its end, and waits until it is ready. */
  public void startAgain() {
    process = launch();
    awaitReady();
  }

  /** SIGKILL. */
  public void kill() {
    process.kill();
  }

  /** SIGTERM; waits for the end and answers the exit code. */
  public int terminate() {
    return process.terminate();
  }

  /** The HTTP status of a page, for example {@code /readyz}; 0 if nobody answers. */
  public int status(String page) {
    try {
      HttpURLConnection connection = open(page);
      try {
        return connection.getResponseCode();
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return 0;
    }
  }

  /** The content of a page. */
  public String read(String page) throws IOException {
    try (InputStream in = open(page).getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** The value of a gauge; 0 if nobody answers. */
  public int gauge(String name) {
    try {
      return read("/metrics")
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToInt(line -> (int) Double.parseDouble(line.substring(name.length())))
          .sum();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Waits until {@code /readyz} says so. */
  public void awaitReady() {
    try {
      await("readiness")
          .atMost(PATIENCE)
          .pollDelay(Duration.ZERO)
          .pollInterval(LOOK_EVERY)
          .until(() -> !process.isAlive() || status("/readyz") == HttpURLConnection.HTTP_OK);
    } catch (RuntimeException e) {
      throw new IllegalStateException("the server is not ready; its log ends:\n" + readLog(), e);
    }
    if (!process.isAlive()) {
      throw new IllegalStateException("the server ended; its log ends:\n" + readLog());
    }
  }

  /** The end of its log. */
  public String readLog() {
    try {
      String text = Files.readString(log, StandardCharsets.UTF_8);
      return text.substring(Math.max(0, text.length() - SHOWN_LOG_CHARS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Kills it. */
  @Override
  public void close() {
    process.close();
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ChildJvm launch() {
    List<String> words = new ArrayList<>(List.of(log.toString(), "server", "--store", storeUri));
    words.add("--listen=127.0.0.1:" + port);
    words.add("--http-listen=127.0.0.1:" + httpPort);
    words.addAll(flags);
    return ChildJvm.start(jvm, FencepostCommand.class, words.toArray(String[]::new));
  }

  private HttpURLConnection open(String page) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:" + httpPort + page).toURL().openConnection();
    connection.setConnectTimeout(HTTP_TIMEOUT_MILLIS);
    connection.setReadTimeout(HTTP_TIMEOUT_MILLIS);
    return connection;
  }
}
