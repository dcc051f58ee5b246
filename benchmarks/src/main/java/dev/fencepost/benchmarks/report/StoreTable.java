package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Renders the cost of each operation, the stores beside each other, as Markdown. */
public final class StoreTable {
  private static final double BYTES_PER_KB = 1000;

  private final Map<String, String> environment;
  private final List<OperationCost> costs;
  private final StringBuilder text = new StringBuilder();

  private StoreTable(Map<String, String> environment, List<OperationCost> costs) {
    this.environment = environment;
    this.costs = costs;
  }

  /**
   * Renders all costs.
   *
   * @param environment the machine, the versions and the settings
   */
  public static String render(Map<String, String> environment, List<OperationCost> costs) {
    return new StoreTable(environment, costs).render();
  }

  private String render() {
    line("# Which store costs what");
    line("");
    line("Single operations of each backend under JMH: no server, no client, one process that");
    line("calls the store. `±` is half the width of the 99.9 % confidence interval. The");
    line("allocation is of the whole process; H2 runs in it. `benchmarks/run --jmh` makes this.");
    distinct(costs.stream().map(OperationCost::operation)).forEach(this::addOperation);
    line("");
    line("| what | with |");
    line("| --- | --- |");
    environment.forEach((name, value) -> line("| " + name + " | " + value + " |"));
    return text.toString();
  }

  private void addOperation(String operation) {
    List<Integer> callers = distinct(costs.stream().map(OperationCost::callers));
    line("");
    line("## " + title(operation));
    line("");
    StringBuilder head = new StringBuilder("| store |");
    for (int each : callers) {
      String who = each == 1 ? "1 caller" : each + " callers";
      head.append(' ').append(who).append(", µs | a second | KB |");
    }
    line(head.toString());
    line("| --- |" + " ---: | ---: | ---: |".repeat(callers.size()));
    for (String store : distinct(costs.stream().map(OperationCost::store))) {
      StringBuilder row = new StringBuilder("| " + store + " |");
      callers.forEach(each -> row.append(cells(find(store, operation, each))));
      line(row.toString());
    }
  }

  private Optional<OperationCost> find(String store, String operation, int callers) {
    return costs.stream()
        .filter(cost -> cost.store().equals(store))
        .filter(cost -> cost.operation().equals(operation) && cost.callers() == callers)
        .findFirst();
  }

  private static String cells(Optional<OperationCost> found) {
    if (found.isEmpty()) {
      return " | | |";
    }
    OperationCost cost = found.get();
    return String.format(
        Locale.ROOT,
        " %s | %s | %.1f |",
        withError(cost.micros(), cost.error()),
        withError(cost.perSecond(), cost.errorPerSecond()),
        cost.bytes() / BYTES_PER_KB);
  }

  private static String withError(double value, double error) {
    return Double.isNaN(error)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%,.0f ± %,.0f", value, error);
  }

  private static String title(String operation) {
    return switch (operation) {
      case "acquireRelease" -> "Acquire and release";
      case "renew" -> "Renew";
      case "handOver" -> "Hand over";
      case "advanceFence" -> "Advance a fence";
      default -> operation;
    };
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private static <T> List<T> distinct(Stream<T> values) {
    return values.distinct().toList();
  }
}
