package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFileWatch;
import dev.fencepost.lock.tls.TlsMaterial;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The certificates of new connections, from files that are read again while the store is open. */
final class EtcdCredentials {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdCredentials.class);

  private final Optional<String> serverName;
  private final @Nullable TlsFileWatch files;
  private volatile ChannelCredentials current;

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
   * Reads the files again. Called a few times a second, by one thread.
   *
   * @return true if they were exchanged; files that cannot be used change nothing
   */
  boolean readAgain() {
    if (files == null) {
      return false;
    }
    try {
      TlsMaterial next = files.poll();
      if (next == null) {
        return false;
      }
      current = of(next);
      LOG.info("The certificates for etcd were exchanged; moving to new connections");
      return true;
    } catch (TlsFileException e) {
      LOG.warn("TLS to etcd: {}; the certificates before it stay in use", e.getMessage());
      return false;
    }
  }

  private static ChannelCredentials of(TlsMaterial material) {
    return TlsChannelCredentials.newBuilder()
        .keyManager(material.newKeyManagers())
        .trustManager(material.newTrustManager())
        .build();
  }
}
