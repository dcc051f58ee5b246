package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.store.MeasuredStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Tests the checks before every run: they must catch each broken lock and pass a sound one. */
final class SelfCheck {
  private static final Duration TURN = Duration.ofMillis(100);
  private static final int THREADS = 4;
  private static final List<Scenario> SCENARIOS = List.of(Scenario.UNCONTENDED, Scenario.CONTENDED);
  private static final String SOUND = "control-sound";

  private SelfCheck() {}

  /** Runs the broken locks and the sound one. */
  static List<TurnSample> run() {
    List<TurnSample> samples = new ArrayList<>();
    SetUp none = SetUp.plain(ContenderCatalogue.NO_STORE);
    try (RunProcesses processes =
        new RunProcesses(none, MeasuredStore.none(), RunProcesses.Clients.SHARED)) {
      for (ContenderEntry control : ContenderCatalogue.controls()) {
        for (Scenario scenario : SCENARIOS) {
          ScenarioCell cell = new ScenarioCell(none, scenario, THREADS);
          samples.add(RepeatedTurn.run(processes, cell, control, 1, TURN));
        }
      }
    }
    return samples;
  }

  /**
   * Judges the samples of the controls.
   *
   * @throws IllegalStateException if a broken lock was not caught, or the sound one was
   */
  static void requireSound(List<TurnSample> samples) {
    Set<String> caught = new TreeSet<>();
    Set<String> missed = new TreeSet<>();
    for (TurnSample sample : samples) {
      if (!sample.error().isEmpty()) {
        throw new IllegalStateException(sample.contender() + " did not run: " + sample.error());
      }
      (sample.violations().isEmpty() ? missed : caught).add(sample.contender());
    }
    if (caught.contains(SOUND)) {
      throw new IllegalStateException("the checks refuse a sound lock: " + samples);
    }
    missed.remove(SOUND);
    missed.removeAll(caught);
    if (!missed.isEmpty()) {
      throw new IllegalStateException("the checks let through " + missed);
    }
  }
}
