package dev.fencepost.benchmarks.report;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Entry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Throughput and latency over threads, a pair of plots for each store. */
final class Plots {
  private static final int LEAST_POINTS = 2;

  private Plots() {}

  /** SVG texts by file name. */
  static Map<String, String> of(List<Line> lines) {
    Map<String, String> plots = new LinkedHashMap<>();
    lines.stream()
        .map(line -> line.cell().setUp())
        .filter(SetUp::isPlain)
        .filter(setUp -> !setUp.store().equals(Catalogue.NO_STORE))
        .distinct()
        .forEach(
            setUp -> {
              String store = setUp.store();
              plot(lines, setUp, store + ": pairs/s, uncontended", l -> Optional.of(l.median()))
                  .ifPresent(svg -> plots.put(store + "-throughput.svg", svg));
              plot(lines, setUp, store + ": p99 of acquire in ms", l -> l.number("p99"))
                  .ifPresent(svg -> plots.put(store + "-latency.svg", svg));
            });
    return plots;
  }

  private static Optional<String> plot(
      List<Line> lines, SetUp setUp, String title, Function<Line, Optional<Double>> value) {
    List<Plot.Curve> curves =
        Catalogue.on(setUp.store()).stream()
            .map(entry -> curve(lines, setUp, entry, value))
            .filter(curve -> curve.points().size() >= LEAST_POINTS)
            .toList();
    return curves.isEmpty() ? Optional.empty() : Optional.of(new Plot(title, curves).svg());
  }

  private static Plot.Curve curve(
      List<Line> lines, SetUp setUp, Entry entry, Function<Line, Optional<Double>> value) {
    return new Plot.Curve(
        entry.title(),
        lines.stream()
            .filter(Line::isSound)
            .filter(line -> line.contender().equals(entry.id()))
            .filter(line -> line.cell().setUp().equals(setUp))
            .filter(line -> line.cell().scenario() == Scenario.UNCONTENDED)
            .flatMap(
                line ->
                    value.apply(line).filter(v -> v > 0).stream()
                        .map(v -> new Plot.Point(line.cell().load(), v)))
            .toList());
  }
}
