package dev.fencepost.benchmarks.worker;

import java.util.List;
import java.util.Map;

/**
 * The result of an order.
 *
 * @param error the reason of a failure; empty if there was none
 * @param violations the broken promises that the checks found
 * @param count the number of pairs, turns or locks
 * @param seconds the time that they took
 * @param latency the microseconds of each acquire, as {@link LatencyHistogram} packs them
 * @param numbers further measurements by name
 */
public record WorkerOutcome(
    String error,
    List<String> violations,
    long count,
    double seconds,
    String latency,
    Map<String, Double> numbers) {

  /** Copies the collections. */
  public WorkerOutcome {
    violations = List.copyOf(violations);
    numbers = Map.copyOf(numbers);
  }

  static WorkerOutcome of(long count, double seconds, String latency, Map<String, Double> numbers) {
    return new WorkerOutcome("", List.of(), count, seconds, latency, numbers);
  }

  /** Returns the outcome of an order that could not be carried out. */
  public static WorkerOutcome failed(String error) {
    return new WorkerOutcome(error, List.of(), 0, 0, "", Map.of());
  }

  WorkerOutcome withViolations(List<String> found) {
    return new WorkerOutcome(error, found, count, seconds, latency, numbers);
  }

  /** Returns a measurement by name; 0 if there is none. */
  public double number(String name) {
    return numbers.getOrDefault(name, 0.0);
  }

  /** True if the order was carried out and the lock kept its promise. */
  public boolean isSound() {
    return error.isEmpty() && violations.isEmpty();
  }
}
