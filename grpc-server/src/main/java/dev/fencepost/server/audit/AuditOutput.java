package dev.fencepost.server.audit;

import java.io.IOException;

/** A place to which the audit is written, by one thread. */
interface AuditOutput extends AutoCloseable {
  /** Writes a line at once. */
  void write(AuditLine line) throws IOException;

  @Override
  void close() throws IOException;
}
