package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import dev.fencepost.benchmarks.worker.WorkerOutcome;
import dev.fencepost.benchmarks.worker.WorkerSignal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** A turn with very many held locks, or with very many waiting claims. */
final class CapacityTurn {
  private static final Duration TIMEOUT = Duration.ofMinutes(20);
  private static final Duration QUEUE_TIMEOUT = Duration.ofMinutes(2);
  private static final int THREADS = 64;
  private static final int MEASURED_HAND_OVERS = 1000;

  private CapacityTurn() {}

  /** The counters of all processes at one moment. */
  private record Snapshot(RunProcesses.Usage usage, double renewals, long nanos) {}

  /** Holds many locks for the time and counts the locks that were kept. */
  static TurnSample holdLocks(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, Duration time) {
    Map<WorkerSignal, Snapshot> snapshots = new EnumMap<>(WorkerSignal.class);
    int threads = Math.min(THREADS, cell.load());
    WorkerOrder order =
        processes.order(
            cell, entry, new WorkerOrder.Load(1, threads, cell.load(), time.toMillis()));
    WorkerOutcome outcome =
        processes
            .worker(entry)
            .run(order, signal -> snapshots.put(signal, snapshot(processes, entry)), TIMEOUT);
    Map<String, Double> numbers = new HashMap<>(outcome.numbers());
    Snapshot before = snapshots.get(WorkerSignal.MEASURING);
    Snapshot after = snapshots.get(WorkerSignal.MEASURED);
    if (before != null && after != null) {
      double seconds = (after.nanos() - before.nanos()) / 1e9;
      RunProcesses.Usage usage = after.usage().since(before.usage());
      numbers.put("renewalsPerSecond", (after.renewals() - before.renewals()) / seconds);
      numbers.put("coresClient", usage.client() / seconds);
      numbers.put("coresServer", usage.server() / seconds);
      numbers.put("coresStore", usage.store() / seconds);
    }
    double lost = outcome.number("lost");
    String error =
        outcome.error().isEmpty() && lost > 0 ? (long) lost + " locks were lost" : outcome.error();
    return new TurnSample(
        cell, entry.id(), 1, outcome.count() - lost, numbers, error, outcome.violations());
  }

  /** Queues many claims for one lock. Measures the server's heap, then the hand-overs. */
  static TurnSample queueClaims(RunProcesses processes, ScenarioCell cell, ContenderEntry entry) {
    Map<WorkerSignal, Long> heapBytes = new EnumMap<>(WorkerSignal.class);
    FencepostProcess server = processes.servers().get(0);
    WorkerOrder order =
        processes.order(cell, entry, new WorkerOrder.Load(1, MEASURED_HAND_OVERS, cell.load(), 0));
    WorkerOutcome outcome =
        processes
            .worker(entry)
            .run(
                order,
                signal -> {
                  if (signal == WorkerSignal.MEASURING) {
                    server.awaitMetric("fencepost_waiters", cell.load(), QUEUE_TIMEOUT);
                  }
                  heapBytes.put(signal, ProcessUsage.liveHeapBytes(server.pid()));
                },
                TIMEOUT);
    Long before = heapBytes.get(WorkerSignal.READY);
    Long after = heapBytes.get(WorkerSignal.MEASURING);
    double bytesPerWaiter =
        before == null || after == null ? 0 : (double) (after - before) / cell.load();
    return new TurnSample(
        cell,
        entry.id(),
        1,
        bytesPerWaiter,
        outcome.numbers(),
        outcome.error(),
        outcome.violations());
  }

  private static Snapshot snapshot(RunProcesses processes, ContenderEntry entry) {
    double renewals =
        entry.is(ContenderTrait.FENCEPOST)
            ? processes.servers().stream()
                .mapToDouble(server -> server.metric("fencepost_renewals_total"))
                .sum()
            : 0;
    return new Snapshot(processes.usage(entry), renewals, System.nanoTime());
  }
}
