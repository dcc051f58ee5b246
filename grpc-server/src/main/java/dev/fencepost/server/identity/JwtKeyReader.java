package dev.fencepost.server.identity;

import dev.fencepost.server.config.JwtSettings;
import dev.fencepost.server.security.ProtectedFile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the keys of JWTs on a thread of its own, from a file each second or from a URL. No call
 * waits for it. An answer that cannot be used changes nothing. Thread-safe.
 */
public final class JwtKeyReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JwtKeyReader.class);
  private static final Duration FILE_INTERVAL = Duration.ofSeconds(1);

  /** Time for a whole exchange with the URL. */
  private static final Duration EXCHANGE_TIMEOUT = Duration.ofSeconds(10);

  /** Shortest time between two reads that unknown keys ask for. */
  static final Duration REQUEST_INTERVAL = Duration.ofSeconds(5);

  private final JwtSettings settings;
  private final HttpClient http;
  private final LongSupplier nanoTime;
  private final AtomicBoolean requested = new AtomicBoolean();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread created = new Thread(task, "fencepost-jwt-keys");
            created.setDaemon(true);
            return created;
          });
  private volatile JwtKeys keys = JwtKeys.NONE;
  private volatile long lastSuccessNanos;
  private volatile long lastAttemptNanos;
  private String lastFault = "";

  JwtKeyReader(JwtSettings settings, SSLContext trust, LongSupplier nanoTime) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.http =
        HttpClient.newBuilder()
            .sslContext(trust)
            .connectTimeout(EXCHANGE_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    this.lastSuccessNanos = nanoTime.getAsLong();
    this.lastAttemptNanos = lastSuccessNanos - REQUEST_INTERVAL.toNanos();
  }

  /**
   * Creates a reader that trusts the authorities of the JVM. It has no keys yet.
   *
   * @param nanoTime monotonic time
   */
  public static JwtKeyReader create(JwtSettings settings, LongSupplier nanoTime) {
    try {
      return new JwtKeyReader(settings, SSLContext.getDefault(), nanoTime);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("the JVM has no TLS", e);
    }
  }

  /**
   * Reads a file at once, for the start. A URL is not asked.
   *
   * @throws IOException if the file cannot be used
   */
  public void readFile() throws IOException {
    if (!settings.isUrl()) {
      try {
        accept(JwtKeys.parse(fileContent()));
      } catch (ParseException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }

  /** Begins to read again and again, a URL at once. */
  @SuppressWarnings("FutureReturnValueIgnored") // read catches what it throws
  public void start() {
    long interval = settings.isUrl() ? settings.refresh().toMillis() : FILE_INTERVAL.toMillis();
    thread.scheduleWithFixedDelay(
        this::read, settings.isUrl() ? 0 : interval, interval, TimeUnit.MILLISECONDS);
  }

  /** Returns the keys in force; none if the last ones are older than the tolerated outage. */
  public JwtKeys keys() {
    return settings.isUrl() && ageNanos() > settings.outage().toNanos() ? JwtKeys.NONE : keys;
  }

  /** Returns the time since the keys were last read, in seconds; since the start if never. */
  public double ageSeconds() {
    return ageNanos() / (double) Duration.ofSeconds(1).toNanos();
  }

  /** Has a URL read soon, because a JWT names an unknown key; at most each 5 s. Never blocks. */
  @SuppressWarnings("FutureReturnValueIgnored") // read catches what it throws
  public void requestKeys() {
    if (settings.isUrl() && requested.compareAndSet(false, true)) {
      long wait = lastAttemptNanos + REQUEST_INTERVAL.toNanos() - nanoTime.getAsLong();
      try {
        thread.schedule(this::read, Math.max(0, wait), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        LOG.debug("the reader of keys is closed", e);
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private long ageNanos() {
    return nanoTime.getAsLong() - lastSuccessNanos;
  }

  private void read() {
    lastAttemptNanos = nanoTime.getAsLong();
    requested.set(false);
    try {
      accept(JwtKeys.parse(settings.isUrl() ? urlContent() : fileContent()));
      lastFault = "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | ParseException | RuntimeException e) {
      String fault = String.valueOf(e.getMessage());
      if (!fault.equals(lastFault)) {
        LOG.error("keys of JWTs from {}: {}; the keys before stay", settings.keys(), fault);
      }
      lastFault = fault;
    }
  }

  private void accept(JwtKeys next) {
    if (!next.isSame(keys)) {
      LOG.info("keys of JWTs read from {}: {}", settings.keys(), next.size());
      keys = next;
    }
    lastSuccessNanos = nanoTime.getAsLong();
  }

  private byte[] fileContent() throws IOException {
    return ProtectedFile.read(Path.of(settings.keys()), JwtKeys.MAX_BYTES + 1);
  }

  private byte[] urlContent() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(settings.keys())).timeout(EXCHANGE_TIMEOUT).build();
    CompletableFuture<HttpResponse<byte[]>> exchange =
        http.sendAsync(request, head -> new LimitedBody(JwtKeys.MAX_BYTES));
    try {
      HttpResponse<byte[]> response =
          exchange.get(EXCHANGE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      if (response.statusCode() != 200) {
        throw new IOException("HTTP status " + response.statusCode());
      }
      return response.body();
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    } catch (TimeoutException e) {
      throw new IOException("no whole answer within " + EXCHANGE_TIMEOUT.toSeconds() + " s", e);
    } finally {
      exchange.cancel(true);
    }
  }
}
