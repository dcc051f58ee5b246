package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFileWatch;
import dev.fencepost.lock.tls.TlsMaterial;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates of new connections. Their files are read again while the store is open, on a
 * daemon thread of its own, because a file system may be slow. Safe for use by many threads.
 */
final class EtcdCredentials implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdCredentials.class);
  private static final long READ_INTERVAL_MILLIS = 500;

  private final Optional<String> serverName;
  private final @Nullable TlsFileWatch files;
  private volatile ChannelCredentials current;
  private volatile @Nullable ScheduledExecutorService reader;

  /**
   * Reads the files.
   *
   * @param tls empty for plain text
   * @throws dev.fencepost.lock.spi.StoreConfigurationException naming the option and the file that
   *     cannot be used
   */
  EtcdCredentials(Optional<StoreTls> tls) {
    serverName = tls.flatMap(StoreTls::serverName);
    files = tls.map(StoreTls::watch).orElse(null);
    current = files == null ? InsecureChannelCredentials.create() : of(files.first());
  }

  /** Returns the credentials for a connection that begins now. */
  ChannelCredentials current() {
    return current;
  }

  /** Returns the name that etcd's certificates must have; empty for the host. */
  Optional<String> serverName() {
    return serverName;
  }

  /**
   * Begins to read the files again. For one call.
   *
   * @param onExchanged runs when the files were exchanged; must not block
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The task catches its failures.
  void start(Runnable onExchanged) {
    TlsFileWatch watched = files;
    if (watched == null) {
      return;
    }
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "fencepost-etcd-certificates");
              thread.setDaemon(true);
              return thread;
            });
    executor.scheduleWithFixedDelay(
        () -> readAgain(watched, onExchanged),
        READ_INTERVAL_MILLIS,
        READ_INTERVAL_MILLIS,
        TimeUnit.MILLISECONDS);
    reader = executor;
  }

  /** Reads the files no more. */
  @Override
  public void close() {
    ScheduledExecutorService started = reader;
    if (started != null) {
      started.shutdownNow();
    }
  }

  /** Reads the files again. Files that cannot be used change nothing. */
  private void readAgain(TlsFileWatch watched, Runnable onExchanged) {
    try {
      TlsMaterial next = watched.poll();
      if (next != null) {
        current = of(next);
        LOG.info("The certificates for etcd were exchanged; moving to new connections");
        onExchanged.run();
      }
    } catch (TlsFileException e) {
      LOG.warn("TLS to etcd: {}; the certificates before it stay in use", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("TLS to etcd: the new certificates cannot be used", e);
    }
  }

  private static ChannelCredentials of(TlsMaterial material) {
    return TlsChannelCredentials.newBuilder()
        .keyManager(material.newKeyManagers())
        .trustManager(material.newTrustManager())
        .build();
  }
}
