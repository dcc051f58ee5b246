package dev.fencepost.benchmarks.worker;

import java.util.List;
import java.util.Map;

/**
 * What came of an order.
 *
 * @param error why it failed; empty if it did not
 * @param violations what the checks found; empty if the lock kept its promise
 * @param count how often it was done: pairs, turns, locks
 * @param seconds in that time
 * @param latency how long each acquire took, in microseconds, as {@link Latencies} packs it
 * @param numbers whatever else was measured, by name
 */
public record Outcome(
    String error,
    List<String> violations,
    long count,
    double seconds,
    String latency,
    Map<String, Double> numbers) {

  /** Copies. */
  public Outcome {
    violations = List.copyOf(violations);
    numbers = Map.copyOf(numbers);
  }

  static Outcome of(long count, double seconds, String latency, Map<String, Double> numbers) {
    return new Outcome("", List.of(), count, seconds, latency, numbers);
  }

  /** One that could not be carried out. */
  public static Outcome failed(String error) {
    return new Outcome(error, List.of(), 0, 0, "", Map.of());
  }

  Outcome with(List<String> found) {
    return new Outcome(error, found, count, seconds, latency, numbers);
  }

  /** A number by name; 0 if it was not measured. */
  public double number(String name) {
    return numbers.getOrDefault(name, 0.0);
  }

  /** Whether it was carried out and the lock kept its promise. */
  public boolean isSound() {
    return error.isEmpty() && violations.isEmpty();
  }
}
