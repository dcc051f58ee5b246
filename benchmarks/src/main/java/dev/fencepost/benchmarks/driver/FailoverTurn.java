package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.TurnSample;
import dev.fencepost.benchmarks.store.StoreEnsemble;
import dev.fencepost.benchmarks.worker.LockReferee;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import dev.fencepost.benchmarks.worker.WorkerOutcome;
import dev.fencepost.benchmarks.worker.WorkerSignal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Kills a process and measures the time until a lock is granted again. */
final class FailoverTurn {
  /** The same for all contenders that let one choose. */
  private static final long LEASE_MILLIS = 5000;

  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  /** The time after the load in which a client must have recovered. */
  private static final Duration RECOVERY = Duration.ofSeconds(45);

  private static final Duration QUEUE_TIME = Duration.ofMillis(300);
  private static final int LOCKS = 4;

  /** Room for a failover, a lease, and a measurement after both. */
  private static final int MIN_LOAD_MILLIS = 20_000;

  private static final int SMOKE_LOAD_MILLIS = 4000;

  private FailoverTurn() {}

  /** Kills the holder's process while another process waits. */
  static TurnSample killHolder(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int round) {
    ContenderSettings settings = processes.settings(LEASE_MILLIS);
    try (WorkerProcess holder = processes.newWorker();
        WorkerProcess waiter = processes.newWorker()) {
      WorkerOrder hold =
          processes.order("hold", cell, entry, settings, new WorkerOrder.Load(1, 1, 1, 0));
      holder.send(hold);
      holder.awaitSignal(WorkerSignal.READY, TIMEOUT);
      waiter.send(
          processes.order("await", cell, entry, settings, new WorkerOrder.Load(2, 1, 1, 0)));
      waiter.awaitSignal(WorkerSignal.READY, TIMEOUT);
      waiter.proceed();
      pause(QUEUE_TIME);
      holder.kill();
      long killedMicros = System.nanoTime() / 1000;
      clearReferee(Path.of(hold.referee()));
      WorkerOutcome outcome = waiter.awaitOutcome(signal -> {}, TIMEOUT);
      double millis = (outcome.number("grantedMicros") - killedMicros) / 1e3;
      return new TurnSample(
          cell,
          entry.id(),
          round,
          outcome.error().isEmpty() ? millis : 0,
          Map.of("leaseMillis", (double) LEASE_MILLIS),
          outcome.error(),
          outcome.violations());
    }
  }

  /** Kills one of two replicas under load. It has the sessions of about half of the locks. */
  static TurnSample killReplica(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int round, Duration length) {
    String uri = processes.store().uri(processes.store().port());
    try (FencepostProcess killed = processes.newServer(uri);
        FencepostProcess other = processes.newServer(uri);
        WorkerProcess worker = processes.newWorker()) {
      ContenderSettings settings =
          new ContenderSettings(
              cell.setUp().store(),
              "",
              List.of(killed.address(), other.address()),
              "",
              LEASE_MILLIS);
      WorkerOrder order = processes.order("outage", cell, entry, settings, load(cell, length));
      return runOutage(cell, round, worker, order, killed::close);
    }
  }

  /** Kills the leader of three under load, or a single server, which is started again. */
  static TurnSample killLeader(
      RunProcesses processes, ScenarioCell cell, ContenderEntry entry, int round, Duration length) {
    try (StoreEnsemble store = StoreEnsemble.start(cell.setUp().store());
        WorkerProcess worker = processes.newWorker()) {
      Optional<FencepostProcess> server =
          entry.is(ContenderTrait.FENCEPOST)
              ? Optional.of(processes.newServer(store.uri()))
              : Optional.empty();
      try {
        ContenderSettings settings =
            new ContenderSettings(
                cell.setUp().store(),
                store.address(),
                server.map(FencepostProcess::address).stream().toList(),
                "",
                LEASE_MILLIS);
        WorkerOrder order = processes.order("outage", cell, entry, settings, load(cell, length));
        return runOutage(cell, round, worker, order, store.killLeader());
      } finally {
        server.ifPresent(FencepostProcess::close);
      }
    }
  }

  /** Runs the load and kills after a quarter of it. */
  private static TurnSample runOutage(
      ScenarioCell cell, int round, WorkerProcess worker, WorkerOrder order, Runnable kill) {
    Executor delayed =
        CompletableFuture.delayedExecutor(order.load().millis() / 4, TimeUnit.MILLISECONDS);
    List<CompletableFuture<Void>> kills = new ArrayList<>();
    WorkerOutcome outcome =
        worker.run(
            order,
            signal -> {
              if (signal == WorkerSignal.MEASURING) {
                kills.add(CompletableFuture.runAsync(kill, delayed));
              }
            },
            RECOVERY.plusMillis(order.load().millis()));
    kills.forEach(killed -> killed.orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS).join());
    return new TurnSample(
        cell,
        order.contender(),
        round,
        outcome.number("gapMillis"),
        outcome.numbers(),
        outcome.error(),
        outcome.violations());
  }

  private static WorkerOrder.Load load(ScenarioCell cell, Duration turn) {
    boolean isSmoke = turn.toMillis() < 1000;
    return new WorkerOrder.Load(
        1,
        cell.load(),
        Math.min(LOCKS, cell.load()),
        isSmoke ? SMOKE_LOAD_MILLIS : Math.max(MIN_LOAD_MILLIS, turn.toMillis()));
  }

  /** Tells the referee that the caller inside is dead. */
  private static void clearReferee(Path file) {
    try (LockReferee referee = LockReferee.open(file, 2)) {
      referee.clear(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
