package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/**
 * A master with one replica, watched by three sentinels with a quorum of two. They declare a master
 * dead after a second. Thread-safe.
 */
public final class RedisSentinels implements AutoCloseable {

  /** The name by which the sentinels know the master. */
  public static final String MASTER = "fencepost";

  private static final int SENTINELS = 3;
  private static final java.time.Duration PATIENCE = java.time.Duration.ofSeconds(60);

  private final List<RedisServer> servers = new ArrayList<>();
  private final List<Sentinel> sentinels = new ArrayList<>();

  /** Starts all five and waits until they know each other. */
  public RedisSentinels() {
    try {
      RedisServer first = new RedisServer("appendfsync everysec");
      servers.add(first);
      servers.add(new RedisServer("appendfsync everysec", "replicaof 127.0.0.1 " + first.port()));
      servers.forEach(StoreProcess::start);
      for (int i = 0; i < SENTINELS; i++) {
        sentinels.add(new Sentinel(first.port()));
      }
      sentinels.forEach(StoreProcess::start);
      await(() -> sentinels.stream().allMatch(Sentinel::isReady));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The store URI. */
  public String uri() {
    return "redis-sentinel://"
        + sentinels.stream()
            .map(sentinel -> "127.0.0.1:" + sentinel.port())
            .collect(Collectors.joining(","))
        + "/0#"
        + MASTER;
  }

  /** The server that the sentinels take for the master. */
  public RedisServer master() {
    String port = sentinels.get(0).ask("get-master-addr-by-name", MASTER).split("\\s+", -1)[1];
    return servers.stream()
        .filter(server -> port.equals("" + server.port()))
        .findFirst()
        .orElseThrow();
  }

  /** The other server. */
  public RedisServer replica() {
    RedisServer master = master();
    return servers.stream().filter(server -> server != master).findFirst().orElseThrow();
  }

  /** Has the sentinels promote the replica, and waits until they did. */
  public void failOver() {
    RedisServer next = replica();
    sentinels.get(0).ask("failover", MASTER);
    awaitMaster(next);
  }

  /** Waits until all sentinels take this server for the master, and it does so itself. */
  public void awaitMaster(RedisServer wanted) {
    await(
        () ->
            wanted.cli("ROLE").startsWith("master")
                && sentinels.stream()
                    .allMatch(
                        sentinel ->
                            sentinel
                                .ask("get-master-addr-by-name", MASTER)
                                .contains("" + wanted.port())));
  }

  /**
   * Waits until this server follows another. The sentinels end all its connections when they tell
   * it to, also the one that asks here.
   */
  public void awaitDemoted(RedisServer former) {
    await(() -> former.cli("ROLE").startsWith("slave"));
  }

  /** Runs and resumes all, and waits until the replica follows its master. */
  public void heal() {
    servers.forEach(StoreProcess::heal);
    sentinels.forEach(StoreProcess::heal);
    await(
        () ->
            replica().cli("INFO", "replication").contains("master_link_status:up")
                && sentinels.stream().allMatch(Sentinel::isReady));
  }

  /** Stops all in good order and starts them again. */
  public void restart() {
    RedisServer replica = replica();
    sentinels.forEach(StoreProcess::stop);
    replica.stop();
    master(replica).restart();
    replica.start();
    sentinels.forEach(StoreProcess::start);
    heal();
  }

  @Override
  public void close() {
    sentinels.forEach(StoreProcess::close);
    servers.forEach(StoreProcess::close);
  }

  private RedisServer master(RedisServer replica) {
    return servers.stream().filter(server -> server != replica).findFirst().orElseThrow();
  }

  private static void await(java.util.concurrent.Callable<Boolean> condition) {
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(java.time.Duration.ofMillis(100))
        .ignoreExceptionsInstanceOf(IllegalStateException.class)
        .until(condition);
  }

  /** One sentinel. */
  private static final class Sentinel extends StoreProcess {
    private final Path programs = RedisServer.programs("redis-sentinel");
    private final int masterPort;

    Sentinel(int masterPort) {
      super("redis-sentinel");
      this.masterPort = masterPort;
    }

    String ask(String... command) {
      List<String> all = new ArrayList<>(client());
      all.add("SENTINEL");
      all.addAll(List.of(command));
      return ShellCommands.run(all);
    }

    /** Returns true if it knows the replica and the two others, and considers all healthy. */
    boolean isReady() {
      String master = ask("master", MASTER).replaceAll("\\s+", " ");
      return master.contains("num-slaves 1")
          && master.contains("num-other-sentinels 2")
          && master.contains("flags master ")
          && !ask("replicas", MASTER).matches("(?s).*(s_down|o_down|disconnected).*");
    }

    @Override
    protected void prepare() {
      List<String> lines =
          List.of(
              "port " + port(),
              "bind 127.0.0.1",
              "dir " + folder(),
              "sentinel monitor " + MASTER + " 127.0.0.1 " + masterPort + " 2",
              "sentinel down-after-milliseconds " + MASTER + " 1000",
              "sentinel failover-timeout " + MASTER + " 3000");
      try {
        Files.write(configuration(), lines);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    protected List<String> command() {
      return List.of(programs.resolve("redis-sentinel").toString(), configuration().toString());
    }

    @Override
    protected boolean answers() {
      List<String> all = new ArrayList<>(client());
      all.add("PING");
      return ShellCommands.runTolerant(all);
    }

    @Override
    protected String stopSignal() {
      return "TERM";
    }

    private Path configuration() {
      return folder().resolve("sentinel.conf");
    }

    private List<String> client() {
      return List.of(
          RedisServer.programs("redis-cli").resolve("redis-cli").toString(),
          "-h",
          "127.0.0.1",
          "-p",
          "" + port());
    }
  }
}
