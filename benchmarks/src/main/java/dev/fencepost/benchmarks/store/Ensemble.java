package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.EtcdCluster;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import dev.fencepost.testkit.process.RedisSentinels;
import dev.fencepost.testkit.process.StoreProcess;
import dev.fencepost.testkit.process.ZookeeperEnsemble;
import java.util.stream.Collectors;

/**
 * A store as it survives its leader: three members where there are such, a master with a replica
 * and sentinels, or one server that is started again at once.
 *
 * @param uri Fencepost's store URI
 * @param address where peers connect
 * @param killLeader kills the leader, and starts a store that is alone again
 * @param stop ends all
 */
public record Ensemble(String uri, String address, Runnable killLeader, Runnable stop)
    implements AutoCloseable {
  private static final String DATABASE = "benchmarks";

  /** Starts one of the kind. */
  public static Ensemble start(String kind) {
    return switch (kind) {
      case "zookeeper" -> zookeeper();
      case "etcd" -> etcd();
      case "redis" -> redis();
      case "postgresql" -> {
        PostgresServer server = new PostgresServer();
        server.start();
        server.createDatabase(DATABASE);
        yield alone(server, server.jdbcUri(DATABASE));
      }
      case "mariadb" -> {
        MariaDbServer server = new MariaDbServer();
        server.start();
        server.createDatabase(DATABASE);
        yield alone(server, server.jdbcUri(DATABASE));
      }
      default -> throw new IllegalArgumentException(kind + " has no leader");
    };
  }

  @Override
  public void close() {
    stop.run();
  }

  private static Ensemble zookeeper() {
    ZookeeperEnsemble servers = new ZookeeperEnsemble(3);
    servers.heal();
    return new Ensemble(
        "zookeeper://" + servers.addresses() + "/fencepost",
        servers.addresses(),
        () -> servers.leader().kill(),
        servers::close);
  }

  private static Ensemble etcd() {
    EtcdCluster cluster = new EtcdCluster();
    cluster.start();
    return new Ensemble(
        cluster.uri("fencepost"),
        cluster.members().stream()
            .map((EtcdServer member) -> "127.0.0.1:" + member.port())
            .collect(Collectors.joining(",")),
        () -> cluster.leader().kill(),
        cluster::close);
  }

  private static Ensemble redis() {
    RedisSentinels sentinels = new RedisSentinels();
    return new Ensemble(
        sentinels.uri(), sentinels.uri(), () -> sentinels.master().kill(), sentinels::close);
  }

  private static Ensemble alone(StoreProcess server, String uri) {
    return new Ensemble(
        uri,
        uri,
        () -> {
          server.kill();
          server.start();
        },
        server::close);
  }
}
