package dev.fencepost.testkit.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** A cluster of three masters without replicas. Safe for use by many threads. */
public final class RedisCluster implements AutoCloseable {

  private static final int MASTERS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<RedisServer> masters = new ArrayList<>();

  /** Starts them and waits until the cluster serves. */
  public RedisCluster() {
    try {
      for (int i = 0; i < MASTERS; i++) {
        // The bus's own port would be 10,000 above, among those of outgoing connections.
        masters.add(
            new RedisServer(
                "cluster-enabled yes",
                "cluster-port " + FreePort.next(),
                "cluster-node-timeout 2000",
                "appendfsync everysec"));
      }
      masters.forEach(StoreProcess::start);
      List<String> create = new ArrayList<>(List.of("--cluster", "create"));
      masters.forEach(master -> create.add("127.0.0.1:" + master.port()));
      create.add("--cluster-yes");
      masters.get(0).cli(create.toArray(String[]::new));
      awaitServing();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The store URI. */
  public String uri() {
    return "redis-cluster://"
        + masters.stream()
            .map(master -> "127.0.0.1:" + master.port())
            .collect(Collectors.joining(","));
  }

  /** The masters. */
  public List<RedisServer> masters() {
    return List.copyOf(masters);
  }

  /** Runs one command on the master of its key; returns the output. */
  public String cli(String... command) {
    List<String> all = new ArrayList<>(List.of("-c"));
    all.addAll(List.of(command));
    return masters.get(0).cli(all.toArray(String[]::new));
  }

  /** Stops all in good order and starts them again. */
  public void restart() {
    masters.forEach(StoreProcess::stop);
    masters.forEach(StoreProcess::start);
    awaitServing();
  }

  /** Runs and resumes all, and waits until the cluster serves. */
  public void heal() {
    masters.forEach(StoreProcess::heal);
    awaitServing();
  }

  @Override
  public void close() {
    masters.forEach(StoreProcess::close);
  }

  private void awaitServing() {
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .ignoreExceptionsInstanceOf(IllegalStateException.class)
        .until(
            () ->
                masters.stream()
                    .allMatch(
                        master ->
                            master.cli("CLUSTER", "INFO").contains("cluster_state:ok")
                                && master.cli("CLUSTER", "INFO").contains("cluster_size:3")));
  }
}
