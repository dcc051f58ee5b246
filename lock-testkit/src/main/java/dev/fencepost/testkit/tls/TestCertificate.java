package dev.fencepost.testkit.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A certificate and its private key.
 *
 * @param certificate PEM
 * @param key PEM, PKCS#8
 */
public record TestCertificate(String certificate, String key) {

  /** Writes {@code NAME.pem} and {@code NAME.key}, each at once, as an operator should do it. */
  public void write(Path folder, String name) {
    replace(folder.resolve(name + ".pem"), certificate);
    replace(folder.resolve(name + ".key"), key);
  }

  /** Replaces a file by another with this text. Readers see the old or the new one. */
  public static void replace(Path file, String text) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.writeString(next, text);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
