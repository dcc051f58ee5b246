package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.store.MeasuredStore;
import dev.fencepost.benchmarks.store.StoreStarter;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Starts a store of each kind, gives its contenders their turns at each cell, round after round,
 * and collects the samples. Every failure becomes a failed sample.
 */
final class BenchmarkDriver {
  private static final Duration MAX_WARM_UP = Duration.ofSeconds(3);

  /**
   * The time of uncontended and of contended work that each contender does before the measurement.
   * The JIT takes a core while it compiles, and longest for the program with the most code.
   */
  private static final Duration HEAT_UP = Duration.ofSeconds(15);

  private static final int HEAT_UP_THREADS = 64;

  /** A herd passes within some dozen milliseconds, so one herd says little. */
  private static final int HERDS_IN_ROUND = 5;

  private static final Duration SHORT_TURN = Duration.ofSeconds(1);
  private static final Duration LONGER_THAN_A_LEASE = Duration.ofSeconds(40);

  private final BenchmarkOptions options;
  private final boolean isSmoke;
  private final PrintStream progress;
  private final List<TurnSample> samples = new ArrayList<>();
  private final Map<String, String> stores = new TreeMap<>();

  BenchmarkDriver(BenchmarkOptions options, PrintStream progress) {
    this.options = options;
    this.isSmoke = options.size() == BenchmarkOptions.Size.SMOKE;
    this.progress = progress;
  }

  /** Runs all set-ups. */
  void run() {
    List<String> kinds = new ArrayList<>(options.stores());
    kinds.add(0, ContenderCatalogue.NO_STORE);
    for (String kind : kinds) {
      for (SetUp setUp : RunPlan.setUps(options, kind)) {
        runSetUp(setUp, RunPlan.cells(options, setUp));
      }
    }
  }

  /** All samples in the order of the turns. */
  List<TurnSample> samples() {
    return samples;
  }

  /** The stores' descriptions by kind. */
  Map<String, String> stores() {
    return stores;
  }

  private void runSetUp(SetUp setUp, List<ScenarioCell> cells) {
    List<ContenderEntry> contenders = RunPlan.contenders(options, setUp);
    if (cells.isEmpty() || contenders.isEmpty()) {
      return;
    }
    progress.println("== " + setUp.id());
    RunProcesses.Clients clients =
        isSmoke ? RunProcesses.Clients.SHARED : RunProcesses.Clients.ONE_EACH;
    try (MeasuredStore store = StoreStarter.start(setUp.store());
        RunProcesses processes = new RunProcesses(setUp, store, clients)) {
      stores.putIfAbsent(setUp.store(), store.description());
      if (!isSmoke) {
        heatUp(processes, contenders);
      }
      for (ScenarioCell cell : cells) {
        runCell(
            processes,
            cell,
            contenders.stream().filter(entry -> RunPlan.takesPart(cell, entry)).toList());
      }
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      for (ScenarioCell cell : cells) {
        for (ContenderEntry entry : contenders) {
          add(TurnSample.failed(cell, entry.id(), 1, "the set-up failed: " + e.getMessage()));
        }
      }
    }
  }

  /** Lets the JIT compile. A contender that fails here fails again later, and is reported then. */
  private void heatUp(RunProcesses processes, List<ContenderEntry> contenders) {
    for (ContenderEntry entry : contenders) {
      for (Scenario scenario : List.of(Scenario.UNCONTENDED, Scenario.CONTENDED)) {
        ScenarioCell busy = new ScenarioCell(processes.setUp(), scenario, HEAT_UP_THREADS);
        if (RunPlan.takesPart(busy, entry)) {
          takeTurn(processes, busy, entry, 0, HEAT_UP);
        }
      }
    }
  }

  private void runCell(RunProcesses processes, ScenarioCell cell, List<ContenderEntry> all) {
    boolean isRepeated = RunPlan.isRepeated(cell);
    int turns = turnsInRound(cell);
    List<ContenderEntry> fit =
        isRepeated && !isSmoke
            ? all.stream().filter(entry -> warmUp(processes, cell, entry, turns)).toList()
            : all;
    int rounds = isRepeated ? options.rounds() * turns : 1;
    for (int round = 1; round <= rounds; round++) {
      for (ContenderEntry entry : fit) {
        add(takeTurn(processes, cell, entry, round, options.turn()));
      }
    }
  }

  private int turnsInRound(ScenarioCell cell) {
    return cell.scenario() == Scenario.HERD && !isSmoke ? HERDS_IN_ROUND : 1;
  }

  /** Takes a round that does not count. Returns false if the contender failed. */
  private boolean warmUp(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int turns) {
    Duration length = options.turn().compareTo(MAX_WARM_UP) < 0 ? options.turn() : MAX_WARM_UP;
    for (int i = 0; i < turns; i++) {
      TurnSample sample = takeTurn(processes, cell, entry, 0, length);
      if (!sample.isSound()) {
        add(new TurnSample(cell, entry.id(), 1, 0, Map.of(), sample.error(), sample.violations()));
        return false;
      }
    }
    return true;
  }

  private TurnSample takeTurn(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int round, Duration length) {
    if (entry.is(ContenderTrait.FENCEPOST) && !processes.serverFailure().isEmpty()) {
      return TurnSample.failed(cell, entry.id(), round, processes.serverFailure());
    }
    try {
      return switch (cell.scenario()) {
        case UNCONTENDED, CONTENDED, HERD ->
            RepeatedTurn.run(processes, cell, entry, round, length);
        case MANY_LOCKS -> CapacityTurn.holdLocks(processes, cell, entry, holdTime(length));
        case MANY_WAITERS -> CapacityTurn.queueClaims(processes, cell, entry);
        case HOLDER_KILLED -> FailoverTurn.killHolder(processes, cell, entry, round);
        case REPLICA_KILLED -> FailoverTurn.killReplica(processes, cell, entry, round, length);
        case LEADER_KILLED -> FailoverTurn.killLeader(processes, cell, entry, round, length);
      };
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      return TurnSample.failed(cell, entry.id(), round, e.toString());
    }
  }

  /** Longer than a lease in a real run, so that only renewed locks are kept. */
  private static Duration holdTime(Duration turn) {
    return turn.compareTo(SHORT_TURN) < 0 ? turn : LONGER_THAN_A_LEASE;
  }

  private void add(TurnSample sample) {
    samples.add(sample);
    progress.printf(
        Locale.ROOT,
        "%-40s %-16s round %d %12.1f %s %s%n",
        sample.cell().id(),
        sample.contender(),
        sample.round(),
        sample.value(),
        sample.cell().scenario().unit(),
        sample.isSound() ? "" : "FAILED: " + sample.failure());
  }
}
