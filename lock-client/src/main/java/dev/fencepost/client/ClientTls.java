package dev.fencepost.client;

import dev.fencepost.lock.tls.TlsFiles;
import java.nio.file.Path;
import java.util.Optional;

/**
 * TLS of a client: the authority of the servers and, if they demand it, a certificate of its own.
 * The client reads the files again each second. After an exchange it moves to new connections, and
 * no lock or wait notices. Immutable.
 *
 * <pre>{@code
 * ClientTls tls =
 *     ClientTls.of(folder.resolve("ca.pem"))
 *         .certificate(folder.resolve("orders.pem"), folder.resolve("orders.key"));
 * return FencepostClient.builder(target).tls(tls).build();
 * }</pre>
 */
public final class ClientTls {
  private final TlsFiles files;
  private final Optional<String> serverName;

  private ClientTls(TlsFiles files, Optional<String> serverName) {
    this.files = files;
    this.serverName = serverName;
  }

  /**
   * Trusts the servers whose certificates are of these authorities, and of no others.
   *
   * @param authorities PEM file with one certificate or more
   */
  public static ClientTls of(Path authorities) {
    return new ClientTls(
        new TlsFiles(Optional.empty(), Optional.empty(), Optional.of(authorities)),
        Optional.empty());
  }

  /** Trusts the servers whose certificates are of an authority that the JVM knows. */
  public static ClientTls ofJvm() {
    return new ClientTls(
        new TlsFiles(Optional.empty(), Optional.empty(), Optional.empty()), Optional.empty());
  }

  /**
   * Shows this certificate to servers that ask for one.
   *
   * @param chain PEM file, the own certificate first
   * @param key PEM file with its private key, PKCS#8 without a password
   */
  public ClientTls certificate(Path chain, Path key) {
    return new ClientTls(
        new TlsFiles(Optional.of(chain), Optional.of(key), files.authorities()), serverName);
  }

  /**
   * Sets the name that the certificates of all servers must have. Default: the host by which a
   * server is reached. Needed if the target has addresses and the certificates have names.
   */
  public ClientTls serverName(String name) {
    return new ClientTls(files, Optional.of(name));
  }

  TlsFiles files() {
    return files;
  }

  Optional<String> serverName() {
    return serverName;
  }
}
