package dev.fencepost.benchmarks.driver;

import dev.fencepost.benchmarks.contender.Entry;
import dev.fencepost.benchmarks.contender.Settings;
import dev.fencepost.benchmarks.contender.Trait;
import dev.fencepost.benchmarks.process.CeilingMain;
import dev.fencepost.benchmarks.process.DelayMain;
import dev.fencepost.benchmarks.process.EchoMain;
import dev.fencepost.benchmarks.report.SetUp;
import dev.fencepost.benchmarks.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The processes of one set-up: a store, servers on it, a client for each contender. */
final class World implements AutoCloseable {
  private static final long LEASE_MILLIS = 30_000;
  private static final int HALVES = 2;
  private static final List<String> USUAL = List.of("-Xms256m", "-Xmx1g", "-XX:+UseG1GC");
  private static final List<String> QUICK =
      List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");

  /** Whose client is whose. */
  enum Clients {
    /** A process for each contender. */
    ONE_EACH,
    /** One for all, and all JVMs made to start fast; for the smoke run, which measures nothing. */
    SHARED;

    /** The flags of a client's JVM. */
    List<String> jvm() {
      return this == SHARED ? QUICK : USUAL;
    }

    /** The flags of a server's JVM. */
    List<String> serverJvm() {
      return this == SHARED ? QUICK : FencepostProcess.JVM;
    }
  }

  private final SetUp setUp;
  private final Store store;
  private final Clients clients;
  private final Path folder;
  private final List<PortProcess> wires = new ArrayList<>();
  private final List<FencepostProcess> servers = new ArrayList<>();
  private final List<String> addresses = new ArrayList<>();
  private final Map<String, Worker> workers = new HashMap<>();
  private final List<Long> serverPids = new ArrayList<>();
  private @Nullable PortProcess ceiling;
  private final int storePort;
  private String serverTrouble = "";

  World(SetUp setUp, Store store, Clients clients) {
    this.setUp = setUp;
    this.store = store;
    this.clients = clients;
    try {
      folder = Files.createTempDirectory("fencepost-referees-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    storePort = store.port() == 0 ? 0 : wired(store.port());
    startServers();
  }

  SetUp setUp() {
    return setUp;
  }

  Store store() {
    return store;
  }

  /** The replicas, first to last. */
  List<FencepostProcess> servers() {
    return servers;
  }

  /** Why there is no Fencepost; empty if there is one. */
  String serverTrouble() {
    return serverTrouble;
  }

  /** Where a client of the contender connects. */
  Settings settings(Entry entry) {
    Settings usual = settings();
    return entry.is(Trait.CEILING)
        ? new Settings(
            usual.store(),
            usual.address(),
            List.of("127.0.0.1:" + ceiling().port()),
            usual.leaseMillis())
        : usual;
  }

  Settings settings() {
    return settings(LEASE_MILLIS);
  }

  Settings settings(long leaseMillis) {
    return new Settings(
        setUp.store(), store.address(storePort), List.copyOf(addresses), leaseMillis);
  }

  /** The contender's client; a new one if the last is not fit any more. */
  Worker worker(Entry entry) {
    String key = clients == Clients.SHARED ? "all" : entry.id();
    Worker known = workers.get(key);
    if (known == null || !known.isFit()) {
      known = newWorker();
      workers.put(key, known);
    }
    return known;
  }

  /** A client for one turn only. */
  Worker newWorker() {
    return new Worker(clients.jvm());
  }

  /** A server for one turn only. */
  FencepostProcess newServer(String storeUri) {
    return new FencepostProcess(storeUri, clients.serverJvm());
  }

  /** Where the contender's referee keeps a cell's state. */
  Path referee(Entry entry, String names) {
    return folder.resolve(entry.id() + "-" + names.replace('/', '-'));
  }

  /** CPU seconds used so far by whom. */
  Usage usage(Entry entry) {
    return new Usage(
        Cpu.seconds(List.of(worker(entry).pid())),
        serverSeconds(entry),
        Cpu.seconds(Cpu.childrenWith(store.mark())));
  }

  private double serverSeconds(Entry entry) {
    if (entry.is(Trait.CEILING)) {
      return Cpu.seconds(List.of(ceiling().pid()));
    }
    return entry.is(Trait.FENCEPOST) || entry.is(Trait.TRANSPORT) ? Cpu.seconds(serverPids) : 0;
  }

  /** Started when it is first needed. */
  private PortProcess ceiling() {
    PortProcess running = ceiling;
    if (running == null) {
      running = new PortProcess(CeilingMain.class, store.uri(storePort));
      ceiling = running;
      wires.add(running);
    }
    return running;
  }

  /** CPU seconds. */
  record Usage(double client, double server, double store) {
    Usage since(Usage before) {
      return new Usage(client - before.client, server - before.server, store - before.store);
    }
  }

  @Override
  public void close() {
    workers.values().forEach(Worker::close);
    servers.forEach(FencepostProcess::close);
    wires.forEach(PortProcess::close);
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void startServers() {
    if (setUp.store().equals("none")) {
      PortProcess echo = new PortProcess(EchoMain.class);
      wires.add(echo);
      serverPids.add(echo.pid());
      addresses.add("127.0.0.1:" + wired(echo.port()));
      return;
    }
    try {
      for (int i = 0; i < setUp.replicas(); i++) {
        FencepostProcess server = newServer(store.uri(storePort));
        servers.add(server);
        serverPids.add(server.pid());
        addresses.add("127.0.0.1:" + wired(server.port()));
      }
    } catch (IllegalStateException e) {
      serverTrouble = String.valueOf(e.getMessage());
    }
  }

  /** The port itself, or that of a wire to it. */
  private int wired(int port) {
    if (setUp.delayMicros() == 0) {
      return port;
    }
    PortProcess wire =
        new PortProcess(
            DelayMain.class,
            Integer.toString(port),
            Integer.toString(setUp.delayMicros() / HALVES));
    wires.add(wire);
    return wire.port();
  }
}
