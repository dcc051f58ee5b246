package dev.fencepost.benchmarks.driver;

import static dev.fencepost.benchmarks.report.Scenario.CONTENDED;
import static dev.fencepost.benchmarks.report.Scenario.HERD;
import static dev.fencepost.benchmarks.report.Scenario.HOLDER_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.LEADER_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.MANY_LOCKS;
import static dev.fencepost.benchmarks.report.Scenario.MANY_WAITERS;
import static dev.fencepost.benchmarks.report.Scenario.REPLICA_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.UNCONTENDED;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.SetUp;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Which cells a run has, in which set-ups. */
final class Plan {
  /** Those whose load is a number of threads, and may be narrowed to some. */
  private static final List<Scenario> BY_THREADS = List.of(UNCONTENDED, CONTENDED);

  /** These start processes for each turn, so a smoke run has them on one store only. */
  private static final List<Scenario> KILLS = List.of(HOLDER_KILLED, REPLICA_KILLED, LEADER_KILLED);

  private static final String SMOKED = "redis";

  private Plan() {}

  /** The set-ups with a store of the kind, the plain one first. */
  static List<SetUp> setUps(Options options, String store) {
    List<SetUp> all = new ArrayList<>();
    for (int delay : options.delaysMicros()) {
      all.add(new SetUp(store, delay, 1));
    }
    for (int replicas : options.replicas()) {
      SetUp more = new SetUp(store, 0, replicas);
      boolean possible = replicas == 1 || !store.equals("h2");
      if (possible && !store.equals(Catalogue.NO_STORE) && !all.contains(more)) {
        all.add(more);
      }
    }
    return all;
  }

  /** The cells of a set-up. */
  static List<Cell> cells(Options options, SetUp setUp) {
    List<Cell> cells = new ArrayList<>();
    loads(options.size())
        .forEach(
            (scenario, loads) -> {
              for (int load : loads(options, scenario, loads)) {
                if (fits(options, setUp, scenario, load)
                    && Options.among(options.scenarios()).test(scenario)) {
                  cells.add(new Cell(setUp, scenario, load));
                }
              }
            });
    return cells;
  }

  private static List<Integer> loads(Options options, Scenario scenario, List<Integer> usual) {
    return BY_THREADS.contains(scenario) && !options.threads().isEmpty()
        ? options.threads()
        : usual;
  }

  /** Messages have no locks; longer wires and more replicas matter to some scenarios only. */
  private static boolean fits(Options options, SetUp setUp, Scenario scenario, int load) {
    if (setUp.store().equals(Catalogue.NO_STORE)) {
      return scenario == UNCONTENDED;
    }
    if (scenario == LEADER_KILLED && setUp.store().equals("h2")) {
      return false;
    }
    if (options.size() == Options.Size.SMOKE && KILLS.contains(scenario)) {
      return setUp.store().equals(SMOKED);
    }
    return setUp.isPlain()
        || (scenario == UNCONTENDED && load <= 64)
        || (scenario == CONTENDED && load <= 16);
  }

  /** In the order of the scenarios. */
  private static Map<Scenario, List<Integer>> loads(Options.Size size) {
    return new EnumMap<>(
        switch (size) {
          case FULL ->
              Map.of(
                  UNCONTENDED, List.of(1, 16, 64, 256),
                  CONTENDED, List.of(16, 64),
                  HERD, List.of(100),
                  MANY_LOCKS, List.of(10_000, 100_000),
                  MANY_WAITERS, List.of(10_000, 100_000),
                  HOLDER_KILLED, List.of(1),
                  REPLICA_KILLED, List.of(16),
                  LEADER_KILLED, List.of(16));
          case TARGETS ->
              Map.of(UNCONTENDED, List.of(1, 64), CONTENDED, List.of(16), HERD, List.of(100));
          case SMOKE ->
              Map.of(
                  UNCONTENDED, List.of(8),
                  CONTENDED, List.of(8),
                  HERD, List.of(20),
                  MANY_LOCKS, List.of(100),
                  MANY_WAITERS, List.of(1000),
                  HOLDER_KILLED, List.of(1),
                  REPLICA_KILLED, List.of(8));
        });
  }
}
