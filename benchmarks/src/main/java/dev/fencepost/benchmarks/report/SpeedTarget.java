package dev.fencepost.benchmarks.report;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The ratio that Fencepost must reach against a peer on the same store, or against itself.
 *
 * @param cell the cell that is compared
 * @param ours the id of Fencepost's contender
 * @param peer the id of the other contender
 * @param wanted the ratio; for a time it means that many times shorter
 */
public record SpeedTarget(ScenarioCell cell, String ours, String peer, double wanted) {
  private static final String AWAITED = "fencepost";
  private static final String CLOSE = "fencepost-close";
  private static final String TLS = "fencepost-tls";
  private static final String CEILING = "ceiling";
  private static final double CLOSE_TO_CEILING = 0.8;

  /** Returns all targets. */
  public static List<SpeedTarget> all() {
    return Stream.of(
            targets("redis", "redisson-fenced", new Ratios(3, 0.8, 2.5, 3)),
            targets("zookeeper", "curator", new Ratios(3, 1.3, 2, 2)),
            targets("etcd", "jetcd", new Ratios(5, 1.5, 6, 3)),
            targets("postgresql", "shedlock", new Ratios(6, 1.3, 12, 10)),
            targets("postgresql", "insert-delete", new Ratios(3, 0.8, 2.5, 2)),
            List.of(secured()))
        .flatMap(List::stream)
        .toList();
  }

  /** Returns the measured ratio; empty if one of the two failed or was left out. */
  public Optional<Double> reached(List<ResultRow> rows) {
    return compareWith(peer, rows);
  }

  /** Returns the share of the ceiling; empty if the ceiling was not measured. */
  public Optional<Double> shareOfCeiling(List<ResultRow> rows) {
    return compareWith(ours.replace(AWAITED, CEILING), rows);
  }

  /** True if Fencepost reaches at least four fifths of the ceiling. */
  public boolean isCloseToCeiling(List<ResultRow> rows) {
    return shareOfCeiling(rows).filter(share -> share >= CLOSE_TO_CEILING).isPresent();
  }

  private Optional<Double> compareWith(String other, List<ResultRow> rows) {
    return ResultRow.find(rows, cell, ours)
        .flatMap(us -> ResultRow.find(rows, cell, other).map(us::timesBetterThan));
  }

  /** The throughput with mutual TLS and rules, compared with plain text. */
  private static SpeedTarget secured() {
    return new SpeedTarget(
        new ScenarioCell(SetUp.plain("redis"), Scenario.UNCONTENDED, 64), TLS, AWAITED, 0.8);
  }

  /** Ratios for 64 threads, one thread, hand-overs among 16 threads, and a herd of 100. */
  private record Ratios(double many, double one, double handOvers, double herd) {}

  private static List<SpeedTarget> targets(String store, String peer, Ratios wanted) {
    SetUp plain = SetUp.plain(store);
    return List.of(
        new SpeedTarget(
            new ScenarioCell(plain, Scenario.UNCONTENDED, 64), AWAITED, peer, wanted.many),
        new SpeedTarget(new ScenarioCell(plain, Scenario.UNCONTENDED, 1), CLOSE, peer, wanted.one),
        new SpeedTarget(
            new ScenarioCell(plain, Scenario.CONTENDED, 16), AWAITED, peer, wanted.handOvers),
        new SpeedTarget(new ScenarioCell(plain, Scenario.HERD, 100), AWAITED, peer, wanted.herd));
  }
}
