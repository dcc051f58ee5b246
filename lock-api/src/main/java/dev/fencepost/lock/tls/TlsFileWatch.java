package dev.fencepost.lock.tls;

import org.jspecify.annotations.Nullable;

/**
 * Notices that files for TLS were exchanged. It compares their content, so it does not matter how
 * they are exchanged, for example by symbolic links. Not thread-safe.
 *
 * <p>Files are never exchanged at the same moment. So new ones count only after two calls of {@link
 * #poll} have read the same, and if the key fits the certificate.
 */
public final class TlsFileWatch {
  private final TlsFiles files;
  private final TlsMaterial first;
  private TlsFiles.Content current;
  private TlsFiles.@Nullable Content seen;
  private String fault = "";

  /**
   * Reads the files for the first time.
   *
   * @throws TlsFileException if they cannot be used
   */
  public TlsFileWatch(TlsFiles files) throws TlsFileException {
    this.files = files;
    this.current = files.read();
    this.first = current.material();
  }

  /** Returns what the files contained at first. */
  public TlsMaterial first() {
    return first;
  }

  /**
   * Reads the files again. Call it at intervals, each 250 ms for example.
   *
   * @return the new material if the files were exchanged, else null
   * @throws TlsFileException if they cannot be used, once for each fault; what was read before
   *     stays in use
   */
  public @Nullable TlsMaterial poll() throws TlsFileException {
    try {
      TlsFiles.Content now = files.read();
      TlsFiles.Content before = seen;
      seen = now;
      if (now.isSame(current)) {
        fault = "";
        return null;
      }
      if (before == null || !now.isSame(before)) {
        return null; // somebody may still be writing
      }
      TlsMaterial material = now.material();
      current = now;
      fault = "";
      return material;
    } catch (TlsFileException e) {
      if (fault.equals(e.getMessage())) {
        return null;
      }
      fault = String.valueOf(e.getMessage());
      throw e;
    }
  }
}
