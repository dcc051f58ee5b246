package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Map;

/**
 * The result of one contender's turn in one round of one cell.
 *
 * @param cell the cell
 * @param contender the contender's id
 * @param round the round, from 1
 * @param value the scenario's figure; 0 if the turn failed
 * @param numbers further measurements by name
 * @param error the reason of a failure; empty if there was none
 * @param violations the broken promises that the checks found
 */
public record TurnSample(
    ScenarioCell cell,
    String contender,
    int round,
    double value,
    Map<String, Double> numbers,
    String error,
    List<String> violations) {

  /** Copies the collections. */
  public TurnSample {
    numbers = Map.copyOf(numbers);
    violations = List.copyOf(violations);
  }

  /** Returns the sample of a turn that failed. */
  public static TurnSample failed(ScenarioCell cell, String contender, int round, String error) {
    return new TurnSample(cell, contender, round, 0, Map.of(), error, List.of());
  }

  /** True if the turn was carried out and the lock kept its promise. */
  public boolean isSound() {
    return error.isEmpty() && violations.isEmpty();
  }

  /** The error or the violations; empty for a sound sample. */
  public String failure() {
    return error.isEmpty() ? String.join("; ", violations) : error;
  }
}
