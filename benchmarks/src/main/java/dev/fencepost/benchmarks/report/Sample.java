package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Map;

/**
 * One contender's turn in one round of one cell.
 *
 * @param cell which
 * @param contender whose
 * @param round from 1
 * @param value what the scenario counts; 0 if it failed
 * @param numbers whatever else was measured, by name
 * @param error why it failed; empty if it did not
 * @param violations what the checks found
 */
public record Sample(
    Cell cell,
    String contender,
    int round,
    double value,
    Map<String, Double> numbers,
    String error,
    List<String> violations) {

  /** Copies. */
  public Sample {
    numbers = Map.copyOf(numbers);
    violations = List.copyOf(violations);
  }

  /** A turn that failed. */
  public static Sample failed(Cell cell, String contender, int round, String error) {
    return new Sample(cell, contender, round, 0, Map.of(), error, List.of());
  }

  /** Whether it was carried out and the lock kept its promise. */
  public boolean isSound() {
    return error.isEmpty() && violations.isEmpty();
  }

  /** Why it counts for nothing; empty if it counts. */
  public String trouble() {
    return error.isEmpty() ? String.join("; ", violations) : error;
  }
}
