package dev.fencepost.lock.tls;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * User and password for a store, by the options that all stores have: {@code user}, {@code
 * password} and {@code password-file}. The file is read at each login, so that an exchanged
 * password counts from the next login on. Immutable.
 *
 * @param user the name, if one is given
 * @param password the password, if it is an option
 * @param passwordFile the file with the password; line breaks at its end are ignored
 */
public record StoreLogin(
    Optional<String> user, Optional<String> password, Optional<Path> passwordFile) {
  private static final int MAX_BYTES = 8 * 1024;

  /**
   * Reads the options, and the file once.
   *
   * @throws StoreConfigurationException if the password is given twice, or the file has none
   */
  public static StoreLogin read(StoreOptions options) {
    StoreLogin login =
        new StoreLogin(
            options.text("user"), options.text("password"), options.file("password-file"));
    if (login.password.isPresent() && login.passwordFile.isPresent()) {
      throw new StoreConfigurationException(
          "store options password and password-file: both are set (expected: one of them)");
    }
    try {
      login.currentPassword();
    } catch (StoreException e) {
      throw new StoreConfigurationException(
          "store option password-file: it cannot be read, or has no password (expected: one line,"
              + " 8 KiB at most)",
          e);
    }
    return login;
  }

  /** True if a password is given, as an option or in a file. */
  public boolean hasPassword() {
    return password.isPresent() || passwordFile.isPresent();
  }

  /**
   * Returns the password of a login that begins now; empty if none is given. Reads the file.
   *
   * @throws StoreException if the file cannot be read or has no password
   */
  public Optional<String> currentPassword() {
    return passwordFile.isPresent() ? Optional.of(readFile(passwordFile.orElseThrow())) : password;
  }

  /** Shows no password. */
  @Override
  public String toString() {
    return "login of " + user.orElse("nobody by name");
  }

  private static String readFile(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (IOException e) {
      throw new StoreException(
          StoreException.Failure.STORE_ERROR, "store option password-file: it cannot be read", e);
    }
    String text = new String(bytes, StandardCharsets.UTF_8).replaceAll("[\\r\\n]+$", "");
    if (text.isEmpty() || bytes.length > MAX_BYTES || text.chars().anyMatch(c -> c < ' ')) {
      throw new StoreException(
          StoreException.Failure.STORE_ERROR,
          "store option password-file: it has no password (expected: one line, 8 KiB at most)");
    }
    return text;
  }
}
