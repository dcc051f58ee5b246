package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.report.Scenario;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.MeasuredStore;
import dev.fencepost.benchmarks.store.StoreStarter;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import dev.fencepost.benchmarks.worker.WorkerOutcome;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Mixed load on each store for a long time. Memory, threads and store entries must stay flat, and
 * the locks must keep their promise.
 */
final class SoakRun {
  private static final long LEASE_MILLIS = 4000;
  private static final int PERIODS = 20;
  private static final long MIN_PERIODS = 3;
  private static final Duration MIN_PERIOD = Duration.ofSeconds(2);
  private static final Duration TIMEOUT = Duration.ofMinutes(3);
  private static final int THREADS = 8;
  private static final int LOCKS = 1000;
  private static final double MIB = 1024 * 1024;

  /** Tolerated growth: a fifth, plus an amount for classes and threads that come late. */
  private static final double GROWTH_FACTOR = 1.2;

  /** A value that must stay flat, with the absolute growth that is tolerated. */
  private enum Gauge {
    SERVER_HEAP("live heap of the server, MiB", 4),
    CLIENT_HEAP("live heap of the clients, MiB", 4),
    SERVER_THREADS("threads of the server", 4),
    CLIENT_THREADS("threads of the clients", 4),
    STORE_ENTRIES("entries in the store", 20);

    private final String title;
    private final double toleratedGrowth;

    Gauge(String title, double toleratedGrowth) {
      this.title = title;
      this.toleratedGrowth = toleratedGrowth;
    }
  }

  private SoakRun() {}

  /** Soaks each store of the options. Returns true if no fault was found. */
  static boolean run(BenchmarkOptions options, PrintStream progress) {
    boolean isSound = true;
    for (String kind : options.stores()) {
      List<String> faults = soakStore(kind, options.soak(), progress);
      faults.forEach(fault -> progress.println("FAILED: " + kind + ": " + fault));
      isSound &= faults.isEmpty();
    }
    progress.println(isSound ? "the soak passed" : "the soak FAILED");
    return isSound;
  }

  private static List<String> soakStore(String kind, Duration length, PrintStream progress) {
    try (MeasuredStore store = StoreStarter.start(kind);
        RunProcesses processes =
            new RunProcesses(SetUp.plain(kind), store, RunProcesses.Clients.ONE_EACH)) {
      return processes.serverFailure().isEmpty()
          ? soak(processes, length, progress)
          : List.of(processes.serverFailure());
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      return List.of(e.toString());
    }
  }

  /** Alternates load and rest. The gauges are read at rest, when all leases have ended. */
  private static List<String> soak(RunProcesses processes, Duration length, PrintStream progress) {
    Duration period = length.dividedBy(PERIODS);
    period = period.compareTo(MIN_PERIOD) < 0 ? MIN_PERIOD : period;
    long periods = Math.max(MIN_PERIODS, length.toMillis() / period.toMillis());
    List<String> faults = new ArrayList<>();
    List<Map<Gauge, Double>> readings = new ArrayList<>();
    for (int i = 0; i < periods; i++) {
      long pairs = load(processes, period, faults);
      awaitLeaseEnds();
      Map<Gauge, Double> reading = readGauges(processes);
      readings.add(reading);
      progress.printf(Locale.ROOT, "%-12s %d pairs", processes.setUp().id(), pairs);
      reading.forEach(
          (gauge, value) -> progress.printf(Locale.ROOT, "; %s %.1f", gauge.title, value));
      double waiters = processes.servers().get(0).metric("fencepost_waiters");
      progress.printf(Locale.ROOT, "; waiters %.0f%n", waiters);
      if (i == periods - 1 && waiters > 0) {
        faults.add("claims wait although no client sends any: " + waiters);
      }
    }
    for (Gauge gauge : Gauge.values()) {
      requireFlat(gauge, readings.stream().map(reading -> reading.get(gauge)).toList(), faults);
    }
    return faults;
  }

  /** Runs the load of both clients. Returns the number of pairs. */
  private static long load(RunProcesses processes, Duration period, List<String> faults) {
    ScenarioCell cell = new ScenarioCell(processes.setUp(), Scenario.UNCONTENDED, LOCKS);
    List<ContenderEntry> entries = clients();
    // Both clients use the first one's locks and referee.
    WorkerOrder shared =
        processes.order(
            "mixed",
            cell,
            entries.get(0),
            processes.settings(LEASE_MILLIS),
            new WorkerOrder.Load(1, THREADS, LOCKS, period.toMillis()));
    for (int i = 0; i < entries.size(); i++) {
      processes
          .worker(entries.get(i))
          .send(
              new WorkerOrder(
                  shared.task(),
                  entries.get(i).id(),
                  shared.settings(),
                  shared.referee(),
                  shared.names(),
                  new WorkerOrder.Load(i + 1, THREADS, LOCKS, period.toMillis())));
    }
    long pairs = 0;
    for (ContenderEntry entry : entries) {
      WorkerOutcome outcome =
          processes.worker(entry).awaitOutcome(signal -> {}, TIMEOUT.plus(period));
      pairs += outcome.count();
      if (!outcome.isSound()) {
        faults.add(outcome.error() + outcome.violations());
      }
      if (outcome.number("errors") > 0) {
        faults.add((long) outcome.number("errors") + " calls failed");
      }
    }
    return pairs;
  }

  private static List<ContenderEntry> clients() {
    return List.of(ContenderCatalogue.get("fencepost"), ContenderCatalogue.get("stub"));
  }

  /** Abandoned locks end with their lease. etcd takes a second or two more. */
  private static void awaitLeaseEnds() {
    try {
      Thread.sleep(2 * LEASE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Map<Gauge, Double> readGauges(RunProcesses processes) {
    long server = processes.servers().get(0).pid();
    List<Long> workers = clients().stream().map(entry -> processes.worker(entry).pid()).toList();
    Map<Gauge, Double> reading = new EnumMap<>(Gauge.class);
    reading.put(Gauge.SERVER_HEAP, ProcessUsage.liveHeapBytes(server) / MIB);
    reading.put(
        Gauge.CLIENT_HEAP, workers.stream().mapToDouble(ProcessUsage::liveHeapBytes).sum() / MIB);
    reading.put(Gauge.SERVER_THREADS, (double) ProcessUsage.threadCount(server));
    reading.put(
        Gauge.CLIENT_THREADS, workers.stream().mapToDouble(ProcessUsage::threadCount).sum());
    reading.put(Gauge.STORE_ENTRIES, (double) processes.store().entryCount().getAsLong());
    return reading;
  }

  /** Compares the last third of the readings with the first third. */
  private static void requireFlat(Gauge gauge, List<Double> readings, List<String> faults) {
    int third = Math.max(1, readings.size() / 3);
    double early = readings.subList(0, third).stream().mapToDouble(value -> value).max().orElse(0);
    double late =
        readings.subList(readings.size() - third, readings.size()).stream()
            .mapToDouble(value -> value)
            .min()
            .orElse(0);
    if (late > early * GROWTH_FACTOR + gauge.toleratedGrowth) {
      faults.add(String.format(Locale.ROOT, "%s grew from %.1f to %.1f", gauge.title, early, late));
    }
  }
}
