package dev.fencepost.benchmarks.report;

import dev.fencepost.benchmarks.contender.Catalogue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A report for people. */
final class Markdown {
  /** The load, whose it is, the median and the spread. */
  private static final int FIRST_COLUMNS = 4;

  private final Report report;
  private final List<Line> lines;
  private final StringBuilder text = new StringBuilder();

  Markdown(Report report) {
    this.report = report;
    this.lines = Line.of(report.runs());
  }

  String text() {
    line("# Benchmarks");
    line("");
    line("How to read this: [README](README.md). A line is the median of its rounds; only ratios");
    line("within a run mean anything.");
    environment();
    targets();
    fallen();
    lines.stream().map(l -> l.cell().setUp()).distinct().forEach(this::setUp);
    failures();
    return text.toString();
  }

  /** What all runs have in common, and then what each has of its own. */
  private void environment() {
    Map<String, Set<String>> values = new LinkedHashMap<>();
    for (Run run : report.runs()) {
      run.environment()
          .forEach(
              (name, value) ->
                  values.computeIfAbsent(name, key -> new LinkedHashSet<>()).add(value));
    }
    line("");
    line("| what | with |");
    line("| --- | --- |");
    values.forEach(
        (name, all) -> {
          if (all.size() == 1) {
            line("| " + name + " | " + all.iterator().next() + " |");
          }
        });
    if (hasRuns()) {
      for (int number = 1; number <= report.runs().size(); number++) {
        run(number, values);
      }
    }
  }

  private void run(int number, Map<String, Set<String>> values) {
    line("");
    line("Run " + number + ":");
    line("");
    report
        .runs()
        .get(number - 1)
        .environment()
        .forEach(
            (name, value) -> {
              if (values.getOrDefault(name, Set.of()).size() > 1) {
                line("- " + name + ": " + value);
              }
            });
  }

  private boolean hasRuns() {
    return report.runs().size() > 1;
  }

  private void targets() {
    List<Target> wanted =
        Target.all().stream()
            .filter(target -> lines.stream().anyMatch(line -> line.cell().equals(target.cell())))
            .toList();
    if (wanted.isEmpty()) {
      return;
    }
    line("");
    line("## Targets");
    line("");
    line("Times better than the peer: for a rate the quotient, for a time its inverse.");
    line("The ceiling is a program that does the same store commands and messages only.");
    line("");
    line(
        "| store | at | Fencepost | peer | ours | peer's | times better | wanted | of ceiling | |");
    line("| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |");
    wanted.forEach(this::target);
  }

  private void target(Target target) {
    Optional<Double> reached = target.reached(lines);
    line(
        row(
            target.cell().setUp().id(),
            target.cell().scenario().id() + " " + target.cell().load(),
            Catalogue.get(target.ours()).title(),
            Catalogue.get(target.peer()).title(),
            median(target.cell(), target.ours()),
            median(target.cell(), target.peer()),
            reached.map(ratio -> format("%.2f", ratio)).orElse("failed"),
            format("%.2f", target.wanted()),
            target.ofCeiling(lines).map(part -> format("%.0f %%", part * 100)).orElse(""),
            verdict(target, reached)));
  }

  private String verdict(Target target, Optional<Double> reached) {
    if (reached.filter(ratio -> ratio >= target.wanted()).isPresent()) {
      return "met";
    }
    return target.isCloseToCeiling(lines) ? "at the ceiling" : "**not met**";
  }

  private String median(Cell cell, String contender) {
    return Line.find(lines, cell, contender).map(l -> figure(l.median())).orElse("failed");
  }

  private void fallen() {
    if (report.fallen().isEmpty()) {
      return;
    }
    line("");
    line("## Fallen by more than 30 % since the reference");
    line("");
    report.fallen().forEach(name -> line("- " + name));
  }

  private void setUp(SetUp setUp) {
    line("");
    line("## " + (setUp.store().equals(Catalogue.NO_STORE) ? "The transport alone" : setUp.id()));
    for (Scenario scenario : Scenario.values()) {
      List<Line> own =
          lines.stream()
              .filter(l -> l.cell().setUp().equals(setUp) && l.cell().scenario() == scenario)
              .toList();
      if (!own.isEmpty()) {
        scenario(scenario, own);
      }
    }
    report.plots().stream()
        .filter(file -> setUp.isPlain() && file.startsWith(setUp.store() + "-"))
        .forEach(file -> line("\n![" + file + "](" + file + ")"));
  }

  private void scenario(Scenario scenario, List<Line> own) {
    List<Column> columns = Column.of(scenario);
    line("");
    line("### " + scenario.id());
    line("");
    List<String> head = new ArrayList<>(List.of(scenario.load(), "", scenario.unit(), "spread"));
    columns.forEach(column -> head.add(column.title()));
    if (hasRuns()) {
      head.add("run");
    }
    line(row(head.toArray(String[]::new)));
    line("| ---: | --- | ---: | --- |" + " ---: |".repeat(head.size() - FIRST_COLUMNS));
    own.stream().map(line -> row(columns, line)).forEach(this::line);
  }

  private String row(List<Column> columns, Line line) {
    List<String> cells = new ArrayList<>();
    cells.add(Integer.toString(line.cell().load()));
    cells.add(Catalogue.get(line.contender()).title());
    if (line.isSound()) {
      cells.add(figure(line.median()));
      cells.add(figure(line.min()) + " – " + figure(line.max()));
    } else {
      cells.add("**failed**");
      cells.add("");
    }
    columns.forEach(
        column ->
            cells.add(
                line.number(column.number()).map(v -> format(column.format(), v)).orElse("")));
    if (hasRuns()) {
      cells.add(Integer.toString(line.run()));
    }
    return row(cells.toArray(String[]::new));
  }

  private void failures() {
    List<Line> failed = lines.stream().filter(l -> !l.isSound()).toList();
    if (failed.isEmpty()) {
      return;
    }
    line("");
    line("## Failed");
    line("");
    failed.forEach(
        l -> line("- " + l.cell().id() + ", " + l.contender() + ": " + oneLine(l.trouble())));
  }

  /** Another number that a scenario has. */
  private record Column(String title, String number, String format) {
    static List<Column> of(Scenario scenario) {
      List<Column> latency =
          List.of(
              new Column("p50 ms", "p50", "%.2f"),
              new Column("p99 ms", "p99", "%.2f"),
              new Column("p99.9 ms", "p99.9", "%.2f"));
      List<Column> cpu =
          List.of(
              new Column("CPU s / 1,000", "cpu", "%.3f"),
              new Column("client", "cpuClient", "%.3f"),
              new Column("server", "cpuServer", "%.3f"),
              new Column("store", "cpuStore", "%.3f"));
      return switch (scenario) {
        case UNCONTENDED, HERD -> join(latency, cpu);
        case CONTENDED ->
            join(
                join(
                    latency,
                    List.of(
                        new Column("acquisitions", "turns", "%.0f"),
                        new Column("fewest turns", "fewest", "%.0f"),
                        new Column("most", "most", "%.0f"))),
                cpu);
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

    private static List<Column> join(List<Column> some, List<Column> more) {
      List<Column> all = new ArrayList<>(some);
      all.addAll(more);
      return all;
    }
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private static String row(String... cells) {
    return "| " + String.join(" | ", cells) + " |";
  }

  private static String oneLine(String trouble) {
    return trouble.replaceAll("\\s+", " ");
  }

  private static String figure(double value) {
    return format(value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  }

  private static String format(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
