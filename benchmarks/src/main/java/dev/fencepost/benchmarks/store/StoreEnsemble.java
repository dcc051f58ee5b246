package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.EtcdCluster;
import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import dev.fencepost.testkit.process.RedisSentinels;
import dev.fencepost.testkit.process.StoreProcess;
import dev.fencepost.testkit.process.ZookeeperEnsemble;
import java.util.stream.Collectors;

/**
 * A store that survives the death of its leader: three members, a master with a replica and
 * sentinels, or one database server that is started again at once.
 *
 * @param uri the store URI for Fencepost
 * @param address the address for peers
 * @param killLeader kills the leader, and starts a database server again
 * @param stop stops all members
 */
public record StoreEnsemble(String uri, String address, Runnable killLeader, Runnable stop)
    implements AutoCloseable {
  private static final String DATABASE = "benchmarks";

  /** Starts an ensemble of the kind. */
  public static StoreEnsemble start(String kind) {
    return switch (kind) {
      case "zookeeper" -> startZookeeper();
      case "etcd" -> startEtcd();
      case "redis" -> startRedis();
      case "postgresql" -> {
        PostgresServer server = new PostgresServer();
        server.start();
        server.createDatabase(DATABASE);
        yield restarting(server, server.jdbcUri(DATABASE));
      }
      case "mariadb" -> {
        MariaDbServer server = new MariaDbServer();
        server.start();
        server.createDatabase(DATABASE);
        yield restarting(server, server.jdbcUri(DATABASE));
      }
      default -> throw new IllegalArgumentException(kind + " has no leader");
    };
  }

  @Override
  public void close() {
    stop.run();
  }

  private static StoreEnsemble startZookeeper() {
    ZookeeperEnsemble servers = new ZookeeperEnsemble(3);
    servers.heal();
    return new StoreEnsemble(
        "zookeeper://" + servers.addresses() + "/fencepost",
        servers.addresses(),
        () -> servers.leader().kill(),
        servers::close);
  }

  private static StoreEnsemble startEtcd() {
    EtcdCluster cluster = new EtcdCluster();
    cluster.start();
    return new StoreEnsemble(
        cluster.uri("fencepost"),
        cluster.members().stream()
            .map(member -> "127.0.0.1:" + member.port())
            .collect(Collectors.joining(",")),
        () -> cluster.leader().kill(),
        cluster::close);
  }

  private static StoreEnsemble startRedis() {
    RedisSentinels sentinels = new RedisSentinels();
    return new StoreEnsemble(
        sentinels.uri(), sentinels.uri(), () -> sentinels.master().kill(), sentinels::close);
  }

  private static StoreEnsemble restarting(StoreProcess server, String uri) {
    return new StoreEnsemble(
        uri,
        uri,
        () -> {
          server.kill();
          server.start();
        },
        server::close);
  }
}
