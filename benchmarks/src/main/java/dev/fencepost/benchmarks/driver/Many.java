package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.worker.Order;
import dev.fencepost.benchmarks.worker.Outcome;
import dev.fencepost.benchmarks.worker.Signal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** A turn with very many locks that are held, or very many claims that wait. */
final class Many {
  private static final Duration PATIENCE = Duration.ofMinutes(20);
  private static final Duration GATHERING = Duration.ofMinutes(2);
  private static final int THREADS = 64;
  private static final int MEASURED_HAND_OVERS = 1000;

  private Many() {}

  /** What was seen at a moment. */
  private record Look(World.Usage usage, double renewals, long nanos, long heapBytes) {}

  /** Holds many locks for that long and counts those that were kept. */
  static Sample locks(World world, Cell cell, Entry entry, Duration held) {
    Map<Signal, Look> looks = new EnumMap<>(Signal.class);
    int threads = Math.min(THREADS, cell.load());
    Order order =
        order(world, cell, entry, new Order.Load(1, threads, cell.load(), held.toMillis()));
    Outcome outcome =
        world
            .worker(entry)
            .run(order, signal -> looks.put(signal, look(world, entry, 0)), PATIENCE);
    Map<String, Double> numbers = new HashMap<>(outcome.numbers());
    Look before = looks.get(Signal.MEASURING);
    Look after = looks.get(Signal.MEASURED);
    if (before != null && after != null) {
      double seconds = (after.nanos() - before.nanos()) / 1e9;
      World.Usage usage = after.usage().since(before.usage());
      numbers.put("renewalsPerSecond", (after.renewals() - before.renewals()) / seconds);
      numbers.put("coresClient", usage.client() / seconds);
      numbers.put("coresServer", usage.server() / seconds);
      numbers.put("coresStore", usage.store() / seconds);
    }
    double kept = outcome.count() - outcome.number("lost");
    String error =
        outcome.error().isEmpty() && outcome.number("lost") > 0
            ? (long) outcome.number("lost") + " locks were lost"
            : outcome.error();
    return new Sample(cell, entry.id(), 1, kept, numbers, error, outcome.violations());
  }

  /** Has many claims wait for one lock; looks at the server's heap, and at the hand-overs. */
  static Sample waiters(World world, Cell cell, Entry entry) {
    Map<Signal, Look> looks = new EnumMap<>(Signal.class);
    FencepostProcess server = world.servers().get(0);
    Order order = order(world, cell, entry, new Order.Load(1, MEASURED_HAND_OVERS, cell.load(), 0));
    Outcome outcome =
        world
            .worker(entry)
            .run(
                order,
                signal -> {
                  if (signal == Signal.MEASURING) {
                    server.awaitMetric("fencepost_waiters", cell.load(), GATHERING);
                  }
                  looks.put(signal, look(world, entry, server.liveHeapBytes()));
                },
                PATIENCE);
    Look before = looks.get(Signal.READY);
    Look after = looks.get(Signal.MEASURING);
    double each =
        before == null || after == null
            ? 0
            : (double) (after.heapBytes() - before.heapBytes()) / cell.load();
    return new Sample(
        cell, entry.id(), 1, each, outcome.numbers(), outcome.error(), outcome.violations());
  }

  private static Look look(World world, Entry entry, long heapBytes) {
    double renewals =
        entry.is(Trait.FENCEPOST)
            ? world.servers().stream().mapToDouble(s -> s.metric("fencepost_renewals_total")).sum()
            : 0;
    return new Look(world.usage(entry), renewals, System.nanoTime(), heapBytes);
  }

  private static Order order(World world, Cell cell, Entry entry, Order.Load load) {
    String names = entry.id() + "-" + cell.scenario().id() + "-" + cell.load();
    return new Order(
        cell.scenario().id(),
        entry.id(),
        world.settings(),
        world.referee(entry, names).toString(),
        names,
        load);
  }
}
