package dev.fencepost.lock.tls;

import java.nio.file.Path;

/** A file for TLS cannot be used. The message is one line and never contains a key. */
public final class TlsFileException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final String reason;

  TlsFileException(Path file, String reason) {
    super(file + ": " + reason);
    this.file = file;
    this.reason = reason;
  }

  /** Returns the file. */
  public Path file() {
    return file;
  }

  /** Returns why it cannot be used, without the name of the file. */
  public String reason() {
    return reason;
  }
}
