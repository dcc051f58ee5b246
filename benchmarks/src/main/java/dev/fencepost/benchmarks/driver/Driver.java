package dev.fencepost.benchmarks.driver;

import static dev.fencepost.benchmarks.contender.Catalogue.NO_STORE;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.Store;
import dev.fencepost.benchmarks.store.Stores;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Starts a store of each kind, has all its contenders take turns at each cell, round after round,
 * and collects. Whatever fails is a sample that failed.
 */
final class Driver {
  private static final Duration WARM_UP = Duration.ofSeconds(3);

  /**
   * Before anything is measured all processes have seen so much of each kind of their busiest work:
   * the JIT takes a core while it compiles, and longest where there is most code.
   */
  private static final Duration HEAT = Duration.ofSeconds(15);

  private static final int HEATING_THREADS = 64;

  private final Options options;
  private final PrintStream progress;
  private final List<Sample> samples = new ArrayList<>();
  private final Map<String, String> stores = new TreeMap<>();

  Driver(Options options, PrintStream progress) {
    this.options = options;
    this.progress = progress;
  }

  /** Runs all of it. */
  void run() {
    List<String> kinds = new ArrayList<>(options.stores());
    kinds.add(0, NO_STORE);
    for (String kind : kinds) {
      for (SetUp setUp : Plan.setUps(options, kind)) {
        run(setUp, Plan.cells(options, setUp));
      }
    }
  }

  /** All turns, in the order in which they were taken. */
  List<Sample> samples() {
    return samples;
  }

  /** What each store said of itself. */
  Map<String, String> stores() {
    return stores;
  }

  private void run(SetUp setUp, List<Cell> cells) {
    if (cells.isEmpty() || contenders(setUp).isEmpty()) {
      return;
    }
    progress.println("== " + setUp.id());
    try (Store store = Stores.start(setUp.store())) {
      stores.putIfAbsent(setUp.store(), store.description());
      World.Clients clients =
          options.size() == Options.Size.SMOKE ? World.Clients.SHARED : World.Clients.ONE_EACH;
      try (World world = new World(setUp, store, clients)) {
        if (options.size() != Options.Size.SMOKE) {
          heat(world);
        }
        for (Cell cell : cells) {
          run(world, cell);
        }
      }
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      for (Cell cell : cells) {
        for (Entry entry : contenders(setUp)) {
          add(Sample.failed(cell, entry.id(), 1, "the set-up failed: " + e.getMessage()));
        }
      }
    }
  }

  /** A JIT has compiled nothing of a program that has done little; what fails here fails later. */
  private void heat(World world) {
    for (Entry entry : contenders(world.setUp())) {
      heat(world, Scenario.UNCONTENDED, entry, HEAT);
      heat(world, Scenario.CONTENDED, entry, HEAT);
    }
  }

  private void heat(World world, Scenario scenario, Entry entry, Duration length) {
    Cell busy = new Cell(world.setUp(), scenario, HEATING_THREADS);
    if (Cells.takesPart(busy, entry)) {
      turn(world, busy, entry, 0, length);
    }
  }

  private void run(World world, Cell cell) {
    List<Entry> all =
        contenders(world.setUp()).stream().filter(entry -> Cells.takesPart(cell, entry)).toList();
    boolean isSmoke = options.size() == Options.Size.SMOKE;
    List<Entry> fit =
        Cells.isRepeated(cell) && !isSmoke
            ? all.stream().filter(entry -> warmUp(world, cell, entry)).toList()
            : all;
    int turns = isSmoke ? 1 : Cells.turnsInRound(cell);
    int rounds = Cells.isRepeated(cell) ? options.rounds() * turns : 1;
    for (int round = 1; round <= rounds; round++) {
      for (Entry entry : fit) {
        add(turn(world, cell, entry, round, options.round()));
      }
    }
  }

  /** A round that does not count; whether the contender is fit for those that do. */
  private boolean warmUp(World world, Cell cell, Entry entry) {
    for (int i = 0; i < Cells.turnsInRound(cell); i++) {
      Sample sample = turn(world, cell, entry, 0, warmUp());
      if (!sample.isSound()) {
        add(new Sample(cell, entry.id(), 1, 0, Map.of(), sample.error(), sample.violations()));
        return false;
      }
    }
    return true;
  }

  private Sample turn(World world, Cell cell, Entry entry, int round, Duration length) {
    if (entry.is(Trait.FENCEPOST) && !world.serverTrouble().isEmpty()) {
      return Sample.failed(cell, entry.id(), round, world.serverTrouble());
    }
    try {
      return Cells.run(world, cell, entry, round, length);
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      return Sample.failed(cell, entry.id(), round, e.toString());
    }
  }

  private Duration warmUp() {
    return options.round().compareTo(WARM_UP) < 0 ? options.round() : WARM_UP;
  }

  private List<Entry> contenders(SetUp setUp) {
    return Catalogue.on(setUp.store()).stream()
        .filter(entry -> Options.among(options.contenders()).test(entry.id()))
        .filter(entry -> setUp.replicas() == 1 || entry.is(Trait.FENCEPOST))
        .toList();
  }

  private void add(Sample sample) {
    samples.add(sample);
    progress.printf(
        Locale.ROOT,
        "%-40s %-16s round %d %12.1f %s %s%n",
        sample.cell().id(),
        sample.contender(),
        sample.round(),
        sample.value(),
        sample.cell().scenario().unit(),
        sample.isSound() ? "" : "FAILED: " + sample.trouble());
  }
}
