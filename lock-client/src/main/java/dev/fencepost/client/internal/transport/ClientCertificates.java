package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFileWatch;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.lock.tls.TlsMaterial;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS context of a client's next connections. Its files are read twice a second on a thread of
 * its own, since a file system may hang. Exchanged files mean a new context: a resumed TLS session
 * would keep the old identity. Thread-safe.
 */
public final class ClientCertificates implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClientCertificates.class);
  private static final long READ_INTERVAL_MILLIS = 500;

  private final TlsFileWatch files;
  private final ScheduledExecutorService reader;
  private volatile SSLContext context;

  private ClientCertificates(TlsFileWatch files) {
    this.files = files;
    this.context = files.first().newContext();
    this.reader =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "fencepost-client-certificates");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Reads the files.
   *
   * @throws InvalidValueException naming {@code tls} if they cannot be used
   */
  public static ClientCertificates read(TlsFiles files) {
    try {
      return new ClientCertificates(new TlsFileWatch(files));
    } catch (TlsFileException e) {
      throw InvalidValueException.of("tls", e.file(), "a usable file; " + e.reason());
    }
  }

  /** Reads the files again from now on; calls {@code onExchanged} when they were exchanged. */
  @SuppressWarnings("FutureReturnValueIgnored") // it never ends by itself, and catches its failures
  public void watch(Runnable onExchanged) {
    reader.scheduleWithFixedDelay(
        () -> readAgain(onExchanged),
        READ_INTERVAL_MILLIS,
        READ_INTERVAL_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  /** Returns the context of the next connection. */
  public SSLContext context() {
    return context;
  }

  @Override
  public void close() {
    reader.shutdownNow();
  }

  private void readAgain(Runnable onExchanged) {
    try {
      TlsMaterial next = files.poll();
      if (next != null) {
        context = next.newContext();
        LOG.info("certificates were exchanged; moving to new connections");
        onExchanged.run();
      }
    } catch (TlsFileException e) {
      LOG.warn("TLS: {}; the certificates before it stay in use", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("TLS: the new certificates cannot be used", e);
    }
  }
}
