package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Catalogue;
import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Settings;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.Store;
import dev.fencepost.benchmarks.store.Stores;
import dev.fencepost.benchmarks.worker.Order;
import dev.fencepost.benchmarks.worker.Outcome;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Mixed load on each store for long: memory, threads and what is in the store must be as flat at
 * the end as soon after the beginning, and the locks keep their promise.
 */
final class Soak {
  private static final long LEASE_MILLIS = 4000;
  private static final int LOOKS = 20;
  private static final Duration SHORTEST = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int THREADS = 8;
  private static final int LOCKS = 1000;

  private Soak() {}

  /** Soaks each store of the options; whether all is well. */
  static boolean run(Options options, PrintStream progress) {
    boolean well = true;
    for (String kind : options.stores()) {
      List<String> faults = soak(kind, options.soak(), progress);
      faults.forEach(fault -> progress.println("FAILED: " + kind + ": " + fault));
      well &= faults.isEmpty();
    }
    progress.println(well ? "the soak is well" : "the soak FAILED");
    return well;
  }

  private static List<String> soak(String kind, Duration length, PrintStream progress) {
    SetUp setUp = SetUp.plain(kind);
    try (Store store = Stores.start(kind);
        World world = new World(setUp, store, World.Clients.ONE_EACH)) {
      if (!world.serverTrouble().isEmpty()) {
        return List.of(world.serverTrouble());
      }
      return soak(world, length, progress);
    } catch (AssertionError | RuntimeException e) {
      e.printStackTrace(progress);
      return List.of(e.toString());
    }
  }

  private static List<String> soak(World world, Duration length, PrintStream progress) {
    Entry sdk = Catalogue.get("fencepost");
    Entry stub = Catalogue.get("stub");
    Duration each = length.dividedBy(LOOKS);
    each = each.compareTo(SHORTEST) < 0 ? SHORTEST : each;
    long looks = Math.max(3, length.toMillis() / each.toMillis());
    List<String> faults = new ArrayList<>();
    List<SoakLook> seen = new ArrayList<>();
    Path referee = referee();
    for (int i = 0; i < looks; i++) {
      Worker first = world.worker(sdk);
      Worker second = world.worker(stub);
      first.begin(order(world, sdk, referee, 1, each));
      second.begin(order(world, stub, referee, 2, each));
      Outcome one = first.finish(signal -> {}, PATIENCE.plus(each));
      Outcome two = second.finish(signal -> {}, PATIENCE.plus(each));
      for (Outcome outcome : List.of(one, two)) {
        if (!outcome.isSound()) {
          faults.add(outcome.error() + outcome.violations());
        }
        if (outcome.number("errors") > 0) {
          faults.add((long) outcome.number("errors") + " calls failed");
        }
      }
      awaitLeases();
      SoakLook look = SoakLook.at(world, List.of(first, second));
      seen.add(look);
      progress.printf(
          Locale.ROOT, "%-12s %d pairs; %s%n", world.setUp().id(), one.count() + two.count(), look);
    }
    faults.addAll(SoakLook.judge(seen));
    delete(referee);
    return faults;
  }

  private static Order order(World world, Entry entry, Path referee, int worker, Duration each) {
    Settings settings = world.settings(LEASE_MILLIS);
    return new Order(
        "mixed",
        entry.id(),
        settings,
        referee.toString(),
        "soak",
        new Order.Load(worker, THREADS, LOCKS, each.toMillis()));
  }

  /** What was abandoned ends with its lease, and etcd takes a second or two more. */
  private static void awaitLeases() {
    try {
      Thread.sleep(2 * LEASE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Path referee() {
    try {
      return Files.createTempFile("fencepost-soak-", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
