package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Checks the checks, at the start of every run: each broken lock is caught, a sound one passes. */
final class Controls {
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final int THREADS = 4;
  private static final List<Scenario> SCENARIOS = List.of(Scenario.UNCONTENDED, Scenario.CONTENDED);
  private static final String SOUND = "control-sound";

  private Controls() {}

  /** What was found of each. */
  static List<Sample> run() {
    List<Sample> samples = new ArrayList<>();
    SetUp none = SetUp.plain(Catalogue.NO_STORE);
    try (World world = new World(none, Store.none(), World.Clients.SHARED)) {
      for (Entry control : Catalogue.controls()) {
        for (Scenario scenario : SCENARIOS) {
          samples.add(Turns.run(world, new Cell(none, scenario, THREADS), control, 1, SHORT));
        }
      }
    }
    return samples;
  }

  /**
   * Judges the judges.
   *
   * @throws IllegalStateException if a broken lock got through, or a sound one did not
   */
  static void require(List<Sample> samples) {
    Set<String> caught = new TreeSet<>();
    Set<String> all = new TreeSet<>();
    for (Sample sample : samples) {
      if (!sample.error().isEmpty()) {
        throw new IllegalStateException(sample.contender() + " did not run: " + sample.error());
      }
      all.add(sample.contender());
      if (!sample.violations().isEmpty()) {
        caught.add(sample.contender());
      }
    }
    if (caught.contains(SOUND)) {
      throw new IllegalStateException("the checks refuse a sound lock: " + samples);
    }
    all.remove(SOUND);
    all.removeAll(caught);
    if (!all.isEmpty()) {
      throw new IllegalStateException("the checks let through " + all);
    }
  }
}
