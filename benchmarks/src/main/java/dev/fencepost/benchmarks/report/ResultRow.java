package dev.fencepost.benchmarks.report;

import dev.fencepost.benchmarks.store.StoreStarter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All rounds of one contender at one cell.
 *
 * @param cell the cell
 * @param contender the contender's id
 * @param rounds one sample for each round
 */
public record ResultRow(ScenarioCell cell, String contender, List<TurnSample> rounds) {
  private static final Comparator<SetUp> BY_SET_UP =
      Comparator.comparing((SetUp setUp) -> !setUp.isPlain())
          .thenComparing(setUp -> StoreStarter.KINDS.indexOf(setUp.store()))
          .thenComparing(SetUp::replicas)
          .thenComparing(SetUp::delayMicros);

  /** Groups samples: plain set-ups first, and contenders of a cell in the order of their turns. */
  public static List<ResultRow> of(List<TurnSample> samples) {
    Map<String, List<TurnSample>> groups = new LinkedHashMap<>();
    for (TurnSample sample : samples) {
      groups
          .computeIfAbsent(sample.cell().id() + " " + sample.contender(), k -> new ArrayList<>())
          .add(sample);
    }
    return groups.values().stream()
        .map(all -> new ResultRow(all.get(0).cell(), all.get(0).contender(), List.copyOf(all)))
        .sorted(
            Comparator.comparing((ResultRow row) -> row.cell.setUp(), BY_SET_UP)
                .thenComparing(row -> row.cell.scenario())
                .thenComparing(row -> row.cell.load()))
        .toList();
  }

  /** Finds the contender's row at the cell; empty if it took no part or failed. */
  public static Optional<ResultRow> find(
      List<ResultRow> rows, ScenarioCell cell, String contender) {
    return rows.stream()
        .filter(row -> row.cell.equals(cell) && row.contender.equals(contender))
        .filter(ResultRow::isSound)
        .findFirst();
  }

  /** True if every round is sound. */
  public boolean isSound() {
    return rounds.stream().allMatch(TurnSample::isSound);
  }

  /** The first failure of a round; empty if there is none. */
  public String failure() {
    return rounds.stream()
        .map(TurnSample::failure)
        .filter(failure -> !failure.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** The median of the rounds. */
  public double median() {
    return median(rounds.stream().map(TurnSample::value).toList());
  }

  /** The lowest round. */
  public double min() {
    return rounds.stream().mapToDouble(TurnSample::value).min().orElse(0);
  }

  /** The highest round. */
  public double max() {
    return rounds.stream().mapToDouble(TurnSample::value).max().orElse(0);
  }

  /** The median of a further measurement; empty if no round has it. */
  public Optional<Double> number(String name) {
    List<Double> all =
        rounds.stream()
            .map(TurnSample::numbers)
            .filter(numbers -> numbers.containsKey(name))
            .map(numbers -> numbers.getOrDefault(name, 0.0))
            .toList();
    return all.isEmpty() ? Optional.empty() : Optional.of(median(all));
  }

  /** The ratio to another row. Above 1 this row is better, for a rate and for a time alike. */
  public double timesBetterThan(ResultRow other) {
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
