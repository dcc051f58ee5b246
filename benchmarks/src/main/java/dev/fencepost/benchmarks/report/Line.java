package dev.fencepost.benchmarks.report;

import dev.fencepost.benchmarks.store.Stores;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All rounds of a contender at a cell.
 *
 * @param cell which
 * @param contender whose
 * @param rounds each round's turn
 * @param run the number of the run that measured it, from 1
 */
public record Line(Cell cell, String contender, List<Sample> rounds, int run) {
  private static final Comparator<SetUp> BY_SET_UP =
      Comparator.comparing((SetUp setUp) -> !setUp.isPlain())
          .thenComparing(setUp -> Stores.KINDS.indexOf(setUp.store()))
          .thenComparing(SetUp::replicas)
          .thenComparing(SetUp::delayMicros);

  /**
   * Groups what was sampled. Plain set-ups come first; within a cell the contenders have the order
   * of their turns.
   */
  public static List<Line> of(List<Run> runs) {
    List<Line> lines = new ArrayList<>();
    for (int number = 1; number <= runs.size(); number++) {
      Map<String, List<Sample>> groups = new LinkedHashMap<>();
      for (Sample sample : runs.get(number - 1).samples()) {
        groups
            .computeIfAbsent(sample.cell().id() + " " + sample.contender(), k -> new ArrayList<>())
            .add(sample);
      }
      for (List<Sample> all : groups.values()) {
        lines.add(new Line(all.get(0).cell(), all.get(0).contender(), List.copyOf(all), number));
      }
    }
    lines.sort(
        Comparator.comparing((Line line) -> line.cell.setUp(), BY_SET_UP)
            .thenComparing(line -> line.cell.scenario())
            .thenComparing(line -> line.cell.load()));
    return List.copyOf(lines);
  }

  /** The line of a contender at a cell, if it took part and did not fail. */
  public static Optional<Line> find(List<Line> lines, Cell cell, String contender) {
    return lines.stream()
        .filter(line -> line.cell.equals(cell) && line.contender.equals(contender))
        .filter(Line::isSound)
        .findFirst();
  }

  /** Whether every round was carried out and kept the promise. */
  public boolean isSound() {
    return rounds.stream().allMatch(Sample::isSound);
  }

  /** The first reason why it counts for nothing. */
  public String trouble() {
    return rounds.stream()
        .filter(sample -> !sample.isSound())
        .map(Sample::trouble)
        .findFirst()
        .orElse("");
  }

  /** The median of the rounds. */
  public double median() {
    return median(rounds.stream().map(Sample::value).toList());
  }

  /** The lowest round. */
  public double min() {
    return rounds.stream().mapToDouble(Sample::value).min().orElse(0);
  }

  /** The highest round. */
  public double max() {
    return rounds.stream().mapToDouble(Sample::value).max().orElse(0);
  }

  /** The median of something else that was measured; empty if it was not. */
  public Optional<Double> number(String name) {
    List<Double> all =
        rounds.stream()
            .map(Sample::numbers)
            .filter(n -> n.containsKey(name))
            .map(n -> n.getOrDefault(name, 0.0))
            .toList();
    return all.isEmpty() ? Optional.empty() : Optional.of(median(all));
  }

  /** How many times better this is than another: above 1 is better, whatever is counted. */
  public double timesBetterThan(Line other) {
    return cell.scenario().better() == Scenario.Better.MORE
        ? median() / other.median()
        : other.median() / median();
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
