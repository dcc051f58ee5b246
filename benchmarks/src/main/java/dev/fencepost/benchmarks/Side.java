package dev.fencepost.benchmarks;

import java.time.Duration;

/** One of those that are compared. */
interface Side extends AutoCloseable {
  /** Its name in the report. */
  String name();

  /** Has so many callers take and give back locks of their own for that time; counts the pairs. */
  long pairs(int callers, Duration time) throws Exception;

  @Override
  void close();
}
