package dev.fencepost.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How many times better Fencepost is to be than a peer on the same store.
 *
 * @param cell at what
 * @param ours which of ours
 * @param peer which peer
 * @param wanted times better; for a time, how many times shorter
 */
public record Target(Cell cell, String ours, String peer, double wanted) {
  private static final String AWAITED = "fencepost";
  private static final String CLOSE = "fencepost-close";
  private static final String CEILING = "ceiling";
  private static final double CLOSE_TO_CEILING = 0.8;

  /** All of them. */
  public static List<Target> all() {
    List<Target> all = new ArrayList<>();
    add(all, "redis", "redisson-fenced", new Wanted(3, 0.8, 2.5, 3));
    add(all, "zookeeper", "curator", new Wanted(3, 1.3, 2, 2));
    add(all, "etcd", "jetcd", new Wanted(5, 1.5, 6, 3));
    add(all, "postgresql", "shedlock", new Wanted(6, 1.3, 12, 10));
    add(all, "postgresql", "insert-delete", new Wanted(3, 0.8, 2.5, 2));
    return all;
  }

  /** How many times better it was; empty if one of the two failed or was left out. */
  public Optional<Double> reached(List<Line> lines) {
    return Line.find(lines, cell, ours)
        .flatMap(us -> Line.find(lines, cell, peer).map(them -> us.timesBetterThan(them)));
  }

  /** Which part of the ceiling it reached; empty if that was not measured. */
  public Optional<Double> ofCeiling(List<Line> lines) {
    String ceiling = ours.replace(AWAITED, CEILING);
    return Line.find(lines, cell, ours)
        .flatMap(us -> Line.find(lines, cell, ceiling).map(top -> us.timesBetterThan(top)));
  }

  /** Whether nearly all was reached that can be had with these messages and store commands. */
  public boolean isCloseToCeiling(List<Line> lines) {
    return ofCeiling(lines).filter(part -> part >= CLOSE_TO_CEILING).isPresent();
  }

  /** At 64 threads, at one, for hand-overs among 16, and for a herd of 100. */
  private record Wanted(double many, double one, double handOvers, double herd) {}

  private static void add(List<Target> all, String store, String peer, Wanted wanted) {
    SetUp plain = SetUp.plain(store);
    all.add(new Target(new Cell(plain, Scenario.UNCONTENDED, 64), AWAITED, peer, wanted.many));
    all.add(new Target(new Cell(plain, Scenario.UNCONTENDED, 1), CLOSE, peer, wanted.one));
    all.add(new Target(new Cell(plain, Scenario.CONTENDED, 16), AWAITED, peer, wanted.handOvers));
    all.add(new Target(new Cell(plain, Scenario.HERD, 100), AWAITED, peer, wanted.herd));
  }
}
