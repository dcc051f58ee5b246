package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What was measured at one time on one machine; its ratios hold among themselves only.
 *
 * @param environment on what it ran, by name
 * @param samples every turn
 */
public record Run(Map<String, String> environment, List<Sample> samples) {

  /** Copies the turns; the environment keeps its order. */
  public Run {
    samples = List.copyOf(samples);
  }

  /** Which cells it has. */
  Set<Cell> cells() {
    return samples.stream().map(Sample::cell).collect(Collectors.toSet());
  }

  /** What is left of it when some cells were measured again: a cell is replaced as a whole. */
  Run without(Set<Cell> renewed) {
    return new Run(environment, samples.stream().filter(s -> !renewed.contains(s.cell())).toList());
  }
}
