package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.ContenderCatalogue;
import dev.fencepost.benchmarks.contender.ContenderEntry;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.ContenderTrait;
import dev.fencepost.benchmarks.process.CeilingMain;
import dev.fencepost.benchmarks.process.DelayMain;
import dev.fencepost.benchmarks.process.EchoMain;
import dev.fencepost.benchmarks.report.ScenarioCell;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.MeasuredStore;
import dev.fencepost.benchmarks.store.StoreStarter;
import dev.fencepost.benchmarks.worker.WorkerOrder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The processes of one set-up: a store, the servers on it, and a client for each contender. */
final class RunProcesses implements AutoCloseable {
  private static final long LEASE_MILLIS = 30_000;
  private static final int DIRECTIONS = 2;
  private static final List<String> CLIENT_FLAGS = List.of("-Xms256m", "-Xmx1g", "-XX:+UseG1GC");
  private static final List<String> FAST_START_FLAGS =
      List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");

  /** The assignment of client processes to contenders. */
  enum Clients {
    /** A process for each contender. */
    ONE_EACH,
    /** One process for all, and JVMs that start fast. For the smoke run, which measures nothing. */
    SHARED;

    /** The flags of a client's JVM. */
    List<String> clientFlags() {
      return this == SHARED ? FAST_START_FLAGS : CLIENT_FLAGS;
    }

    /** The flags of a server's JVM. */
    List<String> serverFlags() {
      return this == SHARED ? FAST_START_FLAGS : FencepostProcess.FLAGS;
    }
  }

  private final SetUp setUp;
  private final MeasuredStore store;
  private final Clients clients;
  private final Path refereeFolder;
  private final List<PortProcess> helpers = new ArrayList<>();
  private final List<FencepostProcess> servers = new ArrayList<>();
  private final List<String> addresses = new ArrayList<>();
  private final Map<String, WorkerProcess> workers = new HashMap<>();
  private final List<Long> serverPids = new ArrayList<>();
  private @Nullable PortProcess ceiling;
  private @Nullable FencepostProcess secured;
  private @Nullable SecuredAccess access;
  private final int storePort;
  private String serverFailure = "";

  RunProcesses(SetUp setUp, MeasuredStore store, Clients clients) {
    this.setUp = setUp;
    this.store = store;
    this.clients = clients;
    try {
      refereeFolder = Files.createTempDirectory("fencepost-referees-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    storePort = store.port() == 0 ? 0 : delayedPort(store.port());
    if (setUp.store().equals(ContenderCatalogue.NO_STORE)) {
      startEcho();
    } else {
      startServers();
    }
  }

  SetUp setUp() {
    return setUp;
  }

  MeasuredStore store() {
    return store;
  }

  /** The replicas in the order of their start. */
  List<FencepostProcess> servers() {
    return servers;
  }

  /** The reason why Fencepost did not start; empty if it runs. */
  String serverFailure() {
    return serverFailure;
  }

  ContenderSettings settings(long leaseMillis) {
    return settings(List.copyOf(addresses), "", leaseMillis);
  }

  private ContenderSettings settings(List<String> at, String credentials, long leaseMillis) {
    return new ContenderSettings(
        setUp.store(), store.address(storePort), at, credentials, leaseMillis);
  }

  /** Returns an order for the cell's own task with the usual lease. */
  WorkerOrder order(ScenarioCell cell, ContenderEntry entry, WorkerOrder.Load load) {
    return order(cell.scenario().id(), cell, entry, settingsOf(entry), load);
  }

  private ContenderSettings settingsOf(ContenderEntry entry) {
    if (entry.is(ContenderTrait.CEILING)) {
      return settings(List.of("127.0.0.1:" + ceiling().port()), "", LEASE_MILLIS);
    }
    if (entry.is(ContenderTrait.SECURED)) {
      String address = secured().address();
      return settings(List.of(address), access().credentials(), LEASE_MILLIS);
    }
    return settings(LEASE_MILLIS);
  }

  /** Returns an order. All orders of a contender at a cell share a referee. */
  WorkerOrder order(
      String task,
      ScenarioCell cell,
      ContenderEntry entry,
      ContenderSettings settings,
      WorkerOrder.Load load) {
    String names = entry.id() + "-" + cell.scenario().id() + "-" + cell.load();
    return new WorkerOrder(
        task, entry.id(), settings, refereeFolder.resolve(names).toString(), names, load);
  }

  /** Returns the contender's client. Starts a new one if the last cannot be used any more. */
  WorkerProcess worker(ContenderEntry entry) {
    String key = clients == Clients.SHARED ? "all" : entry.id();
    WorkerProcess known = workers.get(key);
    if (known == null || !known.isUsable()) {
      known = newWorker();
      workers.put(key, known);
    }
    return known;
  }

  /** Starts a client for one turn only. */
  WorkerProcess newWorker() {
    return new WorkerProcess(clients.clientFlags());
  }

  /** Starts a server for one turn only. */
  FencepostProcess newServer(String storeUri) {
    return new FencepostProcess(storeUri, clients.serverFlags());
  }

  /** Returns the CPU seconds of the contender's client, of its servers, and of the store. */
  Usage usage(ContenderEntry entry) {
    return new Usage(
        ProcessUsage.cpuSeconds(List.of(worker(entry).pid())),
        ProcessUsage.cpuSeconds(serverPids(entry)),
        ProcessUsage.cpuSeconds(ProcessUsage.childrenWith(store.processTag())));
  }

  /** CPU seconds by role. */
  record Usage(double client, double server, double store) {
    Usage since(Usage before) {
      return new Usage(client - before.client, server - before.server, store - before.store);
    }
  }

  @Override
  public void close() {
    workers.values().forEach(WorkerProcess::close);
    servers.forEach(FencepostProcess::close);
    if (secured != null) {
      secured.close();
    }
    if (access != null) {
      access.close();
    }
    helpers.forEach(PortProcess::close);
    StoreStarter.deleteFolder(refereeFolder);
  }

  private List<Long> serverPids(ContenderEntry entry) {
    if (entry.is(ContenderTrait.CEILING)) {
      return List.of(ceiling().pid());
    }
    if (entry.is(ContenderTrait.SECURED)) {
      return List.of(secured().pid());
    }
    return entry.is(ContenderTrait.FENCEPOST) || entry.is(ContenderTrait.TRANSPORT)
        ? serverPids
        : List.of();
  }

  /** Starts the ceiling when it is needed first. */
  private PortProcess ceiling() {
    PortProcess running = ceiling;
    if (running == null) {
      running = new PortProcess(CeilingMain.class, store.uri(storePort));
      ceiling = running;
      helpers.add(running);
    }
    return running;
  }

  /** Starts the secured server when it is needed first, in a Redis database of its own. */
  private FencepostProcess secured() {
    FencepostProcess running = secured;
    if (running == null) {
      running = new FencepostProcess(store.uri(storePort) + "/1", clients.serverFlags(), access());
      secured = running;
    }
    return running;
  }

  private SecuredAccess access() {
    SecuredAccess files = access;
    if (files == null) {
      files = new SecuredAccess();
      access = files;
    }
    return files;
  }

  private void startEcho() {
    PortProcess echo = new PortProcess(EchoMain.class);
    helpers.add(echo);
    serverPids.add(echo.pid());
    addresses.add("127.0.0.1:" + delayedPort(echo.port()));
  }

  private void startServers() {
    try {
      for (int i = 0; i < setUp.replicas(); i++) {
        FencepostProcess server = newServer(store.uri(storePort));
        servers.add(server);
        serverPids.add(server.pid());
        addresses.add("127.0.0.1:" + delayedPort(server.port()));
      }
    } catch (IllegalStateException e) {
      serverFailure = String.valueOf(e.getMessage());
    }
  }

  /** Returns the port of a proxy that delays, or the port itself if there is no delay. */
  private int delayedPort(int port) {
    if (setUp.delayMicros() == 0) {
      return port;
    }
    PortProcess proxy =
        new PortProcess(
            DelayMain.class,
            Integer.toString(port),
            Integer.toString(setUp.delayMicros() / DIRECTIONS));
    helpers.add(proxy);
    return proxy.port();
  }
}
