package dev.fencepost.backend.jdbc.measure;

/** One of the two that are compared. Used by many threads. */
interface Side extends AutoCloseable {
  /** Its name in the report. */
  String name();

  /** Takes a lock that nobody else wants, and gives it back. */
  void pair(String lock) throws Exception;

  @Override
  void close();
}
