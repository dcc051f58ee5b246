package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsMaterial.CertifiedKey;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's certificate and key in the one form that ZooKeeper's client takes from two PEM
 * files: a key store of its own, in the folder for temporary files. Its password is drawn at random
 * and never leaves the process. Safe for use by many threads.
 */
final class ClientKeyStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClientKeyStore.class);
  private static final int PASSWORD_BYTES = 24;

  private final StoreTls tls;
  private final String password = newPassword();
  private @Nullable Path file;

  /** Writes nothing yet. */
  ClientKeyStore(StoreTls tls) {
    this.tls = tls;
  }

  String password() {
    return password;
  }

  /**
   * Reads the PEM files for a connection that begins now. If they cannot be used, those that were
   * read before stay in use: they may be exchanged just now.
   *
   * @return the key store; empty text if there is no certificate
   * @throws StoreConfigurationException if they cannot be used the first time
   */
  synchronized String refresh() {
    if (tls.files().certificate().isEmpty()) {
      return "";
    }
    Path known = file;
    try {
      known = write(tls.load().identity().orElseThrow(), known);
      file = known;
    } catch (StoreConfigurationException e) {
      if (known == null) {
        throw e;
      }
      LOG.warn("The files as read before stay in use: {}", e.getMessage());
    }
    return known.toString();
  }

  @Override
  public synchronized void close() {
    Path known = file;
    file = null;
    if (known != null) {
      try {
        Files.deleteIfExists(known);
      } catch (IOException e) {
        LOG.warn("Could not delete {}: {}", known, e.getMessage());
      }
    }
  }

  /** Replaces the file at once, because another connection may be reading it. */
  private Path write(CertifiedKey own, @Nullable Path known) {
    try {
      Path next = Files.createTempFile("fencepost-", ".p12"); // only its owner may read it
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      char[] secret = password.toCharArray();
      store.setKeyEntry("own", own.key(), secret, own.chain().toArray(new Certificate[0]));
      try (OutputStream out = Files.newOutputStream(next)) {
        store.store(out, secret);
      }
      return known == null
          ? next
          : Files.move(
              next, known, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JVM cannot use the certificate", e);
    }
  }

  private static String newPassword() {
    byte[] random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
