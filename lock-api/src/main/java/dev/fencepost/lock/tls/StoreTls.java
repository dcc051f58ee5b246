package dev.fencepost.lock.tls;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * TLS between a backend and its store, by the options that all stores have: {@code tls}, {@code
 * tls-ca}, {@code tls-certificate}, {@code tls-key} and {@code tls-server-name}. Immutable.
 *
 * @param files the PEM files
 * @param serverName the name that the store's certificate must have; empty for the host that is
 *     connected to
 */
public record StoreTls(TlsFiles files, Optional<String> serverName) {
  private static final String CA = "tls-ca";
  private static final String CERTIFICATE = "tls-certificate";
  private static final String KEY = "tls-key";
  private static final String SERVER_NAME = "tls-server-name";
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,252})");

  /**
   * Reads the options. Each of them asks for TLS.
   *
   * @return empty if none is given
   * @throws StoreConfigurationException naming the option at fault; a file is only looked for
   */
  public static Optional<StoreTls> read(StoreOptions options) {
    boolean isWanted = options.flag("tls");
    Optional<Path> authorities = options.file(CA);
    Optional<Path> certificate = options.file(CERTIFICATE);
    Optional<Path> key = options.file(KEY);
    Optional<String> serverName = options.text(SERVER_NAME);
    if (certificate.isPresent() != key.isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-certificate and tls-key: one is missing (expected: both or neither)");
    }
    if (serverName.filter(name -> !HOST.matcher(name).matches()).isPresent()) {
      throw new StoreConfigurationException(
          "store option tls-server-name: not a name (expected: the name in the store's"
              + " certificate, such as store.internal)");
    }
    boolean isNamed = authorities.isPresent() || certificate.isPresent() || serverName.isPresent();
    return isWanted || isNamed
        ? Optional.of(new StoreTls(new TlsFiles(certificate, key, authorities), serverName))
        : Optional.empty();
  }

  /**
   * Reads and judges the files, for new connections.
   *
   * @throws StoreConfigurationException naming the option and the file at fault
   */
  public TlsMaterial load() {
    try {
      return files.load();
    } catch (TlsFileException e) {
      throw refused(e);
    }
  }

  /**
   * Begins to watch the files.
   *
   * @throws StoreConfigurationException naming the option and the file that cannot be used now
   */
  public TlsFileWatch watch() {
    try {
      return new TlsFileWatch(files);
    } catch (TlsFileException e) {
      throw refused(e);
    }
  }

  /**
   * Explains why no connection came about, and names the option to look at; empty if the failure
   * has nothing to do with TLS.
   *
   * @param failure an exception whose causes are looked at too, or null
   */
  public static Optional<String> explain(@Nullable Throwable failure) {
    return TlsFailure.find(failure).map(found -> found.text() + hint(found.kind()));
  }

  private static String hint(TlsFailure.Kind kind) {
    return switch (kind) {
      case SERVER_NAME -> " (store option tls-server-name)";
      case SERVER_CERTIFICATE -> " (store option tls-ca)";
      case SERVER_EXPIRED -> "";
      case CLIENT_CERTIFICATE -> " (store options tls-certificate and tls-key)";
      case OTHER -> " (store option tls)";
    };
  }

  private StoreConfigurationException refused(TlsFileException error) {
    Optional<Path> file = Optional.of(error.file());
    String option = KEY;
    if (file.equals(files.authorities())) {
      option = CA;
    } else if (file.equals(files.certificate())) {
      option = CERTIFICATE;
    }
    return new StoreConfigurationException(
        "store option " + option + ": " + error.getMessage(), error);
  }
}
