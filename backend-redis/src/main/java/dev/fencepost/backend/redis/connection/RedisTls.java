package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.lock.tls.TlsMaterial;
import io.lettuce.core.SslOptions;
import io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS for the connections to Redis. The files are read for each new connection; if they cannot be
 * used then, those read before stay in use. Thread-safe.
 */
final class RedisTls {
  private static final Logger LOG = LoggerFactory.getLogger(RedisTls.class);

  private final StoreTls tls;
  private volatile TlsMaterial material;

  /**
   * Reads the files for the first time.
   *
   * @throws StoreConfigurationException naming the option and the file at fault
   */
  RedisTls(StoreTls tls) {
    this.tls = tls;
    this.material = tls.load();
  }

  /**
   * The options about TLS.
   *
   * @param isWanted true if they ask for TLS, whatever the URI's scheme is
   * @param files the files and the name; empty if only the URI may ask for TLS
   */
  record Options(boolean isWanted, Optional<StoreTls> files) {}

  /**
   * Reads the options by the names that all stores have, or by Redis' own, which came before:
   * {@code tls-ca-file}, {@code tls-cert-file} and {@code tls-key-file}. Those ask for no TLS by
   * themselves.
   *
   * @throws StoreConfigurationException naming the options at fault
   */
  static Options read(StoreOptions options) {
    Optional<StoreTls> common = StoreTls.read(options);
    Optional<StoreTls> former = readFormer(options);
    if (common.isPresent() && former.isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-ca-file, tls-cert-file and tls-key-file: set together with tls,"
              + " tls-ca, tls-certificate, tls-key or tls-server-name (expected: the latter only)");
    }
    return new Options(common.isPresent(), common.or(() -> former));
  }

  private static Optional<StoreTls> readFormer(StoreOptions options) {
    Optional<Path> authorities = options.file("tls-ca-file");
    Optional<Path> certificate = options.file("tls-cert-file");
    Optional<Path> key = options.file("tls-key-file");
    if (certificate.isPresent() != key.isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-cert-file and tls-key-file: only one is set (expected: both or none)");
    }
    return authorities.isPresent() || certificate.isPresent()
        ? Optional.of(new StoreTls(new TlsFiles(certificate, key, authorities), Optional.empty()))
        : Optional.empty();
  }

  /** Returns the options of the client library if the URI alone asks for TLS. */
  static SslOptions withAuthoritiesOfTheJvm(Duration handshakeTimeout) {
    return builder(handshakeTimeout).build();
  }

  private static SslOptions.Builder builder(Duration handshakeTimeout) {
    return SslOptions.builder().jdkSslProvider().handshakeTimeout(handshakeTimeout);
  }

  /** Returns the options of the client library. */
  SslOptions options(Duration handshakeTimeout) {
    SslOptions.Builder builder = builder(handshakeTimeout).sslContext(this::fill);
    tls.serverName().ifPresent(name -> builder.sslParameters(() -> parameters(name)));
    return builder.build();
  }

  /** The library compares the certificate with this name, or else with the host of the URI. */
  private static SSLParameters parameters(String serverName) {
    SSLParameters parameters = new SSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(serverName)));
    return parameters;
  }

  private void fill(SslContextBuilder builder) {
    try {
      material = tls.load();
    } catch (StoreConfigurationException e) {
      LOG.error("{}; the files read before stay in use", e.getMessage());
    }
    TlsMaterial present = material;
    builder.trustManager(present.newTrustManager());
    if (present.identity().isPresent()) {
      builder.keyManager(present.newKeyManagers()[0]);
    }
  }
}
