package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.worker.LatencyHistogram;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import dev.fencepost.benchmarks.worker.WorkerOutcome;
import dev.fencepost.benchmarks.worker.WorkerSignal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A turn at a scenario with rounds: uncontended, contended or herd. */
final class RepeatedTurn {
  private static final Duration TIMEOUT = Duration.ofSeconds(90);
  private static final int LOCKS = 1000;
  private static final long HERD_GATHER_MILLIS = 200;

  private RepeatedTurn() {}

  /** Gives the contender one turn. */
  static TurnSample run(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int round, Duration length) {
    boolean isHerd = cell.scenario() == Scenario.HERD;
    WorkerOrder order =
        processes.order(
            cell,
            entry,
            new WorkerOrder.Load(
                1,
                cell.load(),
                Math.max(LOCKS, cell.load()),
                isHerd ? HERD_GATHER_MILLIS : length.toMillis()));
    RunProcesses.Usage[] usage = {processes.usage(entry), processes.usage(entry)};
    WorkerOutcome outcome =
        processes
            .worker(entry)
            .run(
                order,
                signal -> usage[signal == WorkerSignal.MEASURING ? 0 : 1] = processes.usage(entry),
                TIMEOUT.plus(length));
    return new TurnSample(
        cell,
        entry.id(),
        round,
        figure(cell, outcome),
        numbers(cell, outcome, usage[1].since(usage[0])),
        outcome.error(),
        outcome.violations());
  }

  private static double figure(ScenarioCell cell, WorkerOutcome outcome) {
    if (!outcome.error().isEmpty()) {
      return 0;
    }
    return cell.scenario() == Scenario.HERD
        ? outcome.number("millis")
        : outcome.count() / outcome.seconds();
  }

  /** Adds CPU seconds for 1,000 pairs, and percentiles in milliseconds. */
  private static Map<String, Double> numbers(
      ScenarioCell cell, WorkerOutcome outcome, RunProcesses.Usage usage) {
    Map<String, Double> numbers = new HashMap<>(outcome.numbers());
    if (outcome.count() > 0) {
      double pairs =
          cell.scenario() == Scenario.CONTENDED ? outcome.number("turns") : outcome.count();
      numbers.put("cpuClient", usage.client() * 1e3 / pairs);
      numbers.put("cpuServer", usage.server() * 1e3 / pairs);
      numbers.put("cpuStore", usage.store() * 1e3 / pairs);
      numbers.put("cpu", (usage.client() + usage.server() + usage.store()) * 1e3 / pairs);
    }
    Histogram latency = LatencyHistogram.unpack(outcome.latency());
    if (latency.getTotalCount() > 0) {
      numbers.put("p50", latency.getValueAtPercentile(50) / 1e3);
      numbers.put("p99", latency.getValueAtPercentile(99) / 1e3);
      numbers.put("p99.9", latency.getValueAtPercentile(99.9) / 1e3);
    }
    return numbers;
  }
}
