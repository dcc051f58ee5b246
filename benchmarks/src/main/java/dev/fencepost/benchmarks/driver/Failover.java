package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Settings;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.report.Cell;
import dev.fencepost.benchmarks.report.Sample;
import dev.fencepost.benchmarks.store.Ensemble;
import dev.fencepost.benchmarks.worker.Order;
import dev.fencepost.benchmarks.worker.Outcome;
import dev.fencepost.benchmarks.worker.Referee;
import dev.fencepost.benchmarks.worker.Signal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Something is killed: how long until a lock is granted again, and is the promise kept? */
final class Failover {
  /** The same for all that let one choose. */
  private static final long LEASE_MILLIS = 5000;

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Whoever has not come back by then after the load ended never will. */
  private static final Duration STUCK = Duration.ofSeconds(45);

  private static final Duration SETTLE = Duration.ofMillis(300);
  private static final int LOCKS = 4;
  private static final int SHORTEST_MILLIS = 20_000;

  private Failover() {}

  /** The holder's process is killed while another process waits. */
  static Sample holder(World world, Cell cell, Entry entry, int round) {
    Settings settings = world.settings(LEASE_MILLIS);
    try (Worker first = world.newWorker();
        Worker second = world.newWorker()) {
      Order hold = order("hold", world, cell, entry, settings, new Order.Load(1, 1, 1, 0));
      first.begin(hold);
      first.awaitSignal(Signal.READY, PATIENCE);
      second.begin(order("await", world, cell, entry, settings, new Order.Load(2, 1, 1, 0)));
      second.awaitSignal(Signal.READY, PATIENCE);
      second.proceed();
      pause(SETTLE);
      first.kill();
      long killedMicros = System.nanoTime() / 1000;
      forget(Path.of(hold.referee()));
      Outcome outcome = second.finish(signal -> {}, PATIENCE);
      double millis = (outcome.number("grantedMicros") - killedMicros) / 1e3;
      return new Sample(
          cell,
          entry.id(),
          round,
          outcome.error().isEmpty() ? millis : 0,
          Map.of("leaseMillis", (double) LEASE_MILLIS),
          outcome.error(),
          outcome.violations());
    }
  }

  /** One of two replicas, with the sessions of about half of the locks, is killed under load. */
  static Sample replica(World world, Cell cell, Entry entry, int round, Duration length) {
    try (FencepostProcess doomed = world.newServer(world.store().uri(world.store().port()));
        FencepostProcess other = world.newServer(world.store().uri(world.store().port()));
        Worker worker = world.newWorker()) {
      Settings settings =
          new Settings(
              cell.setUp().store(), "", List.of(doomed.address(), other.address()), LEASE_MILLIS);
      Order order = order("outage", world, cell, entry, settings, load(cell, length));
      return outage(cell, entry, round, worker, order, doomed::kill);
    }
  }

  /** The leader of three is killed under load; a store that is run alone is started again. */
  static Sample leader(World world, Cell cell, Entry entry, int round, Duration length) {
    try (Ensemble store = Ensemble.start(cell.setUp().store());
        Worker worker = world.newWorker()) {
      Optional<FencepostProcess> server =
          entry.is(Trait.FENCEPOST) ? Optional.of(world.newServer(store.uri())) : Optional.empty();
      try {
        Settings settings =
            new Settings(
                cell.setUp().store(),
                store.address(),
                server.map(FencepostProcess::address).stream().toList(),
                LEASE_MILLIS);
        Path referee = Files.createTempFile("fencepost-referee-", "");
        Order order =
            new Order(
                "outage", entry.id(), settings, referee.toString(), "leader", load(cell, length));
        Sample sample = outage(cell, entry, round, worker, order, store.killLeader());
        Files.deleteIfExists(referee);
        return sample;
      } finally {
        server.ifPresent(FencepostProcess::close);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Sample outage(
      Cell cell, Entry entry, int round, Worker worker, Order order, Runnable kill) {
    List<Thread> killers = new ArrayList<>();
    Outcome outcome =
        worker.run(
            order,
            signal -> {
              if (signal == Signal.MEASURING) {
                killers.add(later(order.load().millis() / 4, kill));
              }
            },
            STUCK.plusMillis(order.load().millis()));
    for (Thread killer : killers) {
      join(killer);
    }
    return new Sample(
        cell,
        entry.id(),
        round,
        outcome.number("gapMillis"),
        outcome.numbers(),
        outcome.error(),
        outcome.violations());
  }

  private static Order.Load load(Cell cell, Duration length) {
    int locks = Math.min(LOCKS, cell.load());
    // Room for a fail-over, a lease and what is measured after both.
    long millis = length.toMillis() < 1000 ? 4000 : Math.max(SHORTEST_MILLIS, length.toMillis());
    return new Order.Load(1, cell.load(), locks, millis);
  }

  private static Order order(
      String task, World world, Cell cell, Entry entry, Settings settings, Order.Load load) {
    String names = entry.id() + "-" + cell.scenario().id();
    return new Order(
        task, entry.id(), settings, world.referee(entry, names).toString(), names, load);
  }

  /** Whoever was inside is dead. */
  private static void forget(Path file) {
    try (Referee referee = Referee.open(file, 2)) {
      referee.forget(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Thread later(long millis, Runnable action) {
    Thread thread =
        new Thread(
            () -> {
              pause(Duration.ofMillis(millis));
              action.run();
            },
            "killer");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void join(Thread thread) {
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void pause(Duration length) {
    try {
      Thread.sleep(length.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
