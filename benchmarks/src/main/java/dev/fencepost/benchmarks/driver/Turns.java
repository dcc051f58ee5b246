package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.worker.Latencies;
import dev.fencepost.benchmarks.worker.Order;
import dev.fencepost.benchmarks.worker.Outcome;
import dev.fencepost.benchmarks.worker.Signal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A turn at those scenarios that one client does by itself: uncontended, contended, herd. */
final class Turns {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int NAMES = 1000;
  private static final long GATHER_MILLIS = 200;

  private Turns() {}

  /** Has the contender do it once. */
  static Sample run(World world, Cell cell, Entry entry, int round, Duration length) {
    Order order = order(world, cell, entry, length);
    World.Usage[] usage = {world.usage(entry), world.usage(entry)};
    Outcome outcome =
        world
            .worker(entry)
            .run(
                order,
                signal -> usage[signal == Signal.MEASURING ? 0 : 1] = world.usage(entry),
                PATIENCE.plus(length));
    Map<String, Double> numbers = new HashMap<>(outcome.numbers());
    if (outcome.count() > 0) {
      put(numbers, usage[1].since(usage[0]), pairs(cell, outcome));
    }
    Histogram latency = Latencies.unpack(outcome.latency());
    if (latency.getTotalCount() > 0) {
      numbers.put("p50", latency.getValueAtPercentile(50) / 1e3);
      numbers.put("p99", latency.getValueAtPercentile(99) / 1e3);
      numbers.put("p99.9", latency.getValueAtPercentile(99.9) / 1e3);
    }
    return new Sample(
        cell,
        entry.id(),
        round,
        value(cell, outcome),
        numbers,
        outcome.error(),
        outcome.violations());
  }

  private static Order order(World world, Cell cell, Entry entry, Duration length) {
    String names = entry.id() + "-" + cell.scenario().id() + "-" + cell.load();
    boolean herd = cell.scenario() == Scenario.HERD;
    return new Order(
        cell.scenario().id(),
        entry.id(),
        world.settings(entry),
        world.referee(entry, names).toString(),
        names,
        new Order.Load(
            1,
            cell.load(),
            Math.max(NAMES, cell.load()),
            herd ? GATHER_MILLIS : length.toMillis()));
  }

  private static double value(Cell cell, Outcome outcome) {
    if (!outcome.error().isEmpty()) {
      return 0;
    }
    return cell.scenario() == Scenario.HERD
        ? outcome.number("millis")
        : outcome.count() / outcome.seconds();
  }

  private static double pairs(Cell cell, Outcome outcome) {
    return cell.scenario() == Scenario.CONTENDED ? outcome.number("turns") : outcome.count();
  }

  /** CPU seconds for each 1,000 pairs. */
  private static void put(Map<String, Double> numbers, World.Usage usage, double pairs) {
    numbers.put("cpuClient", usage.client() * 1e3 / pairs);
    numbers.put("cpuServer", usage.server() * 1e3 / pairs);
    numbers.put("cpuStore", usage.store() * 1e3 / pairs);
    numbers.put("cpu", (usage.client() + usage.server() + usage.store()) * 1e3 / pairs);
  }
}
