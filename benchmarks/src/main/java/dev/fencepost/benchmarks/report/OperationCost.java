package dev.fencepost.benchmarks.report;

/**
 * The cost of one operation on one store, with a number of concurrent callers.
 *
 * @param store the kind of store
 * @param operation the benchmark's method
 * @param callers number of threads; a thread waits for its answer before it calls again
 * @param micros mean time of an operation as a caller sees it, in µs
 * @param error half the width of the mean's 99.9 % confidence interval, in µs; NaN if there are too
 *     few measurements
 * @param bytes allocated in the process for one operation
 */
public record OperationCost(
    String store, String operation, int callers, double micros, double error, double bytes) {
  private static final double MICROS_PER_SECOND = 1e6;

  /** Operations per second of all callers. */
  public double perSecond() {
    return callers * MICROS_PER_SECOND / micros;
  }

  /** Half the width of the confidence interval of {@link #perSecond}. */
  public double errorPerSecond() {
    return perSecond() * error / micros;
  }
}
