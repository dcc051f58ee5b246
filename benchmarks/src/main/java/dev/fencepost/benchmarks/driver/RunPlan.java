package dev.fencepost.benchmarks.driver;

import static dev.fencepost.benchmarks.report.Scenario.CONTENDED;
import static dev.fencepost.benchmarks.report.Scenario.HERD;
import static dev.fencepost.benchmarks.report.Scenario.HOLDER_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.LEADER_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.MANY_LOCKS;
import static dev.fencepost.benchmarks.report.Scenario.MANY_WAITERS;
import static dev.fencepost.benchmarks.report.Scenario.REPLICA_KILLED;
import static dev.fencepost.benchmarks.report.Scenario.UNCONTENDED;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.SetUp;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Decides the set-ups and cells of a run, and which contenders take part in them. */
final class RunPlan {
  /** The largest number of locks for libraries that renew each lock by itself. */
  private static final int MAX_PEER_LOCKS = 10_000;

  /** Scenarios that {@code --threads} narrows. */
  private static final List<Scenario> BY_THREADS = List.of(UNCONTENDED, CONTENDED);

  /** Scenarios that start processes for each turn. A smoke run has them on one store only. */
  private static final List<Scenario> KILLS = List.of(HOLDER_KILLED, REPLICA_KILLED, LEADER_KILLED);

  private static final String SMOKE_KILL_STORE = "redis";

  private RunPlan() {}

  /** Returns the set-ups with a store of the kind, the plain one first. */
  static List<SetUp> setUps(BenchmarkOptions options, String store) {
    List<SetUp> all = new ArrayList<>();
    for (int delay : options.delaysMicros()) {
      all.add(new SetUp(store, delay, 1));
    }
    for (int replicas : options.replicas()) {
      SetUp more = new SetUp(store, 0, replicas);
      boolean isPossible = replicas == 1 || !store.equals("h2");
      if (isPossible && !store.equals(ContenderCatalogue.NO_STORE) && !all.contains(more)) {
        all.add(more);
      }
    }
    return all;
  }

  /** Returns the cells of a set-up. */
  static List<ScenarioCell> cells(BenchmarkOptions options, SetUp setUp) {
    List<ScenarioCell> cells = new ArrayList<>();
    defaultLoads(options.size())
        .forEach(
            (scenario, usual) -> {
              boolean isGiven = BY_THREADS.contains(scenario) && !options.threads().isEmpty();
              for (int load : isGiven ? options.threads() : usual) {
                if (isMeasured(options, setUp, scenario, load)
                    && BenchmarkOptions.among(options.scenarios()).test(scenario)) {
                  cells.add(new ScenarioCell(setUp, scenario, load));
                }
              }
            });
    return cells;
  }

  /** Returns the contenders of a set-up. */
  static List<ContenderEntry> contenders(BenchmarkOptions options, SetUp setUp) {
    return ContenderCatalogue.on(setUp.store()).stream()
        .filter(entry -> BenchmarkOptions.among(options.contenders()).test(entry.id()))
        .filter(entry -> setUp.replicas() == 1 || entry.is(ContenderTrait.FENCEPOST))
        .toList();
  }

  /** True if the contender can do the scenario in the way it is meant to be used. */
  static boolean takesPart(ScenarioCell cell, ContenderEntry entry) {
    if (entry.is(ContenderTrait.CEILING)) {
      return isRepeated(cell) && cell.setUp().isPlain();
    }
    if (entry.is(ContenderTrait.SECURED)) {
      return cell.scenario() == UNCONTENDED && cell.setUp().isPlain();
    }
    return switch (cell.scenario()) {
      case UNCONTENDED -> true;
      case CONTENDED, HERD -> !entry.is(ContenderTrait.TRANSPORT);
      case MANY_LOCKS ->
          entry.is(ContenderTrait.RENEWS)
              && (cell.load() <= MAX_PEER_LOCKS || entry.is(ContenderTrait.FENCEPOST));
      case MANY_WAITERS -> entry.is(ContenderTrait.ASYNCHRONOUS);
      case HOLDER_KILLED -> entry.is(ContenderTrait.RENEWS);
      case LEADER_KILLED -> !entry.is(ContenderTrait.NO_LEASE);
      case REPLICA_KILLED ->
          entry.is(ContenderTrait.FENCEPOST) && !cell.setUp().store().equals("h2");
    };
  }

  /** True for scenarios that are short enough for a warm-up and rounds. */
  static boolean isRepeated(ScenarioCell cell) {
    return switch (cell.scenario()) {
      case UNCONTENDED, CONTENDED, HERD -> true;
      case MANY_LOCKS, MANY_WAITERS, HOLDER_KILLED, REPLICA_KILLED, LEADER_KILLED -> false;
    };
  }

  /** The transport has no locks. Delays and more replicas matter to some scenarios only. */
  private static boolean isMeasured(
      BenchmarkOptions options, SetUp setUp, Scenario scenario, int load) {
    if (setUp.store().equals(ContenderCatalogue.NO_STORE)) {
      return scenario == UNCONTENDED;
    }
    if (scenario == LEADER_KILLED && setUp.store().equals("h2")) {
      return false;
    }
    if (options.size() == BenchmarkOptions.Size.SMOKE && KILLS.contains(scenario)) {
      return setUp.store().equals(SMOKE_KILL_STORE);
    }
    return setUp.isPlain()
        || (scenario == UNCONTENDED && load <= 64)
        || (scenario == CONTENDED && load <= 16);
  }

  /** Returns the loads in the order of the scenarios. */
  private static Map<Scenario, List<Integer>> defaultLoads(BenchmarkOptions.Size size) {
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
