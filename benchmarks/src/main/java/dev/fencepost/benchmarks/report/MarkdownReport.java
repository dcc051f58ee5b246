package dev.fencepost.benchmarks.report;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Renders a report as Markdown tables. */
final class MarkdownReport {
  /** The load, the contender, the median and the spread. */
  private static final int FIRST_COLUMNS = 4;

  private final BenchmarkReport report;
  private final List<ResultRow> rows;
  private final StringBuilder text = new StringBuilder();

  MarkdownReport(BenchmarkReport report) {
    this.report = report;
    this.rows = ResultRow.of(report.samples());
  }

  String text() {
    line("# Benchmarks");
    line("");
    line(
        "How to read this: [README](README.md). A figure is the median of its rounds. Only ratios");
    line("within a run mean anything.");
    line("");
    line("| what | with |");
    line("| --- | --- |");
    report.environment().forEach((name, value) -> line(row(name, value)));
    addTargets();
    addList("Fallen by more than 30 % since the reference", report.regressions());
    rows.stream().map(row -> row.cell().setUp()).distinct().forEach(this::addSetUp);
    addList("Failed", rows.stream().filter(row -> !row.isSound()).map(this::failure).toList());
    return text.toString();
  }

  private void addTargets() {
    List<SpeedTarget> targets =
        SpeedTarget.all().stream()
            .filter(target -> rows.stream().anyMatch(row -> row.cell().equals(target.cell())))
            .toList();
    if (targets.isEmpty()) {
      return;
    }
    addHeading("## Targets");
    line("Times better than the peer: the quotient of two rates, or the inverse for times.");
    line("The ceiling is a program that only does the same store commands and messages.");
    line("");
    line(
        "| store | at | Fencepost | peer | ours | peer's | times better | wanted | of ceiling | |");
    line("| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |");
    targets.forEach(this::addTarget);
  }

  private void addTarget(SpeedTarget target) {
    Optional<Double> reached = target.reached(rows);
    line(
        row(
            target.cell().setUp().id(),
            target.cell().scenario().id() + " " + target.cell().load(),
            title(target.ours()),
            title(target.peer()),
            median(target.cell(), target.ours()),
            median(target.cell(), target.peer()),
            reached.map(ratio -> format("%.2f", ratio)).orElse("failed"),
            format("%.2f", target.wanted()),
            target.shareOfCeiling(rows).map(part -> format("%.0f %%", part * 100)).orElse(""),
            verdict(target, reached)));
  }

  private String verdict(SpeedTarget target, Optional<Double> reached) {
    if (reached.filter(ratio -> ratio >= target.wanted()).isPresent()) {
      return "met";
    }
    return target.isCloseToCeiling(rows) ? "at the ceiling" : "**not met**";
  }

  private String median(ScenarioCell cell, String contender) {
    return ResultRow.find(rows, cell, contender)
        .map(found -> figure(found.median()))
        .orElse("failed");
  }

  private void addSetUp(SetUp setUp) {
    boolean hasStore = !setUp.store().equals(ContenderCatalogue.NO_STORE);
    addHeading("## " + (hasStore ? setUp.id() : "The transport alone"));
    for (Scenario scenario : Scenario.values()) {
      List<ResultRow> own =
          rows.stream()
              .filter(r -> r.cell().setUp().equals(setUp) && r.cell().scenario() == scenario)
              .toList();
      if (!own.isEmpty()) {
        addScenario(scenario, own);
      }
    }
  }

  private void addScenario(Scenario scenario, List<ResultRow> own) {
    List<Column> columns = Column.of(scenario);
    addHeading("### " + scenario.id());
    List<String> head = new ArrayList<>(List.of(scenario.load(), "", scenario.unit(), "spread"));
    columns.forEach(column -> head.add(column.title()));
    line(row(head.toArray(String[]::new)));
    line("| ---: | --- | ---: | --- |" + " ---: |".repeat(head.size() - FIRST_COLUMNS));
    own.forEach(row -> addRow(columns, row));
  }

  private void addRow(List<Column> columns, ResultRow row) {
    List<String> cells = new ArrayList<>();
    cells.add(Integer.toString(row.cell().load()));
    cells.add(title(row.contender()));
    cells.add(row.isSound() ? figure(row.median()) : "**failed**");
    cells.add(row.isSound() ? figure(row.min()) + " – " + figure(row.max()) : "");
    columns.forEach(
        column ->
            cells.add(
                row.number(column.number())
                    .map(value -> format(column.format(), value))
                    .orElse("")));
    line(row(cells.toArray(String[]::new)));
  }

  private void addList(String title, List<String> items) {
    if (!items.isEmpty()) {
      addHeading("## " + title);
      items.forEach(item -> line("- " + item));
    }
  }

  private String failure(ResultRow row) {
    return row.cell().id() + ", " + row.contender() + ": " + row.failure().replaceAll("\\s+", " ");
  }

  /** A further measurement of a scenario. */
  private record Column(String title, String number, String format) {
    private static Stream<Column> latencies() {
      return Stream.of(
          new Column("p50 ms", "p50", "%.2f"),
          new Column("p99 ms", "p99", "%.2f"),
          new Column("p99.9 ms", "p99.9", "%.2f"));
    }

    private static Stream<Column> cpuSeconds() {
      return Stream.of(
          new Column("CPU s / 1,000", "cpu", "%.3f"),
          new Column("client", "cpuClient", "%.3f"),
          new Column("server", "cpuServer", "%.3f"),
          new Column("store", "cpuStore", "%.3f"));
    }

    static List<Column> of(Scenario scenario) {
      return switch (scenario) {
        case UNCONTENDED, HERD -> Stream.concat(latencies(), cpuSeconds()).toList();
        case CONTENDED ->
            Stream.of(
                    latencies(),
                    Stream.of(
                        new Column("acquisitions", "turns", "%.0f"),
                        new Column("fewest turns", "fewest", "%.0f"),
                        new Column("most", "most", "%.0f")),
                    cpuSeconds())
                .flatMap(columns -> columns)
                .toList();
        case MANY_LOCKS ->
            List.of(
                new Column("lost", "lost", "%.0f"),
                new Column("renewals/s", "renewalsPerSecond", "%.0f"),
                new Column("cores: client", "coresClient", "%.3f"),
                new Column("server", "coresServer", "%.3f"),
                new Column("store", "coresStore", "%.3f"));
        case MANY_WAITERS -> List.of(new Column("µs per hand-over", "microsPerHandOver", "%.0f"));
        case HOLDER_KILLED -> List.of(new Column("lease ms", "leaseMillis", "%.0f"));
        case REPLICA_KILLED, LEADER_KILLED ->
            List.of(
                new Column("failed calls", "errors", "%.0f"),
                new Column("lost while held", "lost", "%.0f"));
      };
    }
  }

  private void addHeading(String heading) {
    if (!text.toString().endsWith("\n\n")) {
      line("");
    }
    line(heading);
    line("");
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private static String title(String contender) {
    return ContenderCatalogue.get(contender).title();
  }

  private static String row(String... cells) {
    return "| " + String.join(" | ", cells) + " |";
  }

  private static String figure(double value) {
    return format(value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  }

  private static String format(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
