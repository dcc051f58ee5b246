package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.StoreProcess;
import java.util.List;

/** Starts a store of each kind. */
public final class Stores {
  /** All kinds, in the order of the report. */
  public static final List<String> KINDS =
      List.of("redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2");

  private static final String DATABASE = "benchmarks";

  private Stores() {}

  /**
   * Starts a store of the kind.
   *
   * @throws IllegalStateException if it cannot be started; the message says what is missing
   */
  public static Store start(String kind) {
    return switch (kind) {
      case "redis" -> redis();
      case "zookeeper" -> zookeeper();
      case "etcd" -> etcd();
      case "postgresql" -> postgresql();
      case "mariadb" -> mariadb();
      case "h2" -> new EmbeddedH2();
      case "none" -> Store.none();
      default -> throw new IllegalArgumentException("no store " + kind + ", only " + KINDS);
    };
  }

  private static Store redis() {
    RedisServer server = started(new RedisServer("appendonly no"));
    return new ProcessStore(
        "redis",
        server,
        "redis-server 127.0.0.1:" + server.port(),
        Stores::loopback,
        RedisServer::uri,
        () -> number(server.cli("DBSIZE")),
        () ->
            "Redis "
                + server.cli("INFO", "server").replaceFirst("(?s).*redis_version:([0-9.]+).*", "$1")
                + ", in memory only (appendonly no, its default)");
  }

  private static Store zookeeper() {
    ZookeeperAlone server = started(new ZookeeperAlone());
    return new ProcessStore(
        "zookeeper",
        server,
        server.folder().toString(),
        Stores::loopback,
        port -> "zookeeper://127.0.0.1:" + port + "/fencepost",
        server::nodes,
        server::description);
  }

  private static Store etcd() {
    EtcdServer server = started(new EtcdServer());
    return new ProcessStore(
        "etcd",
        server,
        server.folder().toString(),
        Stores::loopback,
        port -> "etcd://127.0.0.1:" + port + "/fencepost",
        () ->
            server.etcdctl("get", "", "--prefix", "--keys-only").lines().count()
                + server.etcdctl("lease", "list").lines().count(),
        () ->
            "etcd "
                + server.etcdctl("version").replaceFirst("(?s).*version: ([0-9.]+).*", "$1")
                + ", one member, syncs each write (its default)");
  }

  private static Store postgresql() {
    PostgresServer server = started(new PostgresServer());
    server.createDatabase(DATABASE);
    return new ProcessStore(
        "postgresql",
        server,
        server.folder().toString(),
        port -> server.jdbcUri(DATABASE, port),
        port -> server.jdbcUri(DATABASE, port),
        () -> Rows.count(server.jdbcUri(DATABASE)),
        () ->
            "PostgreSQL "
                + server.sql("SHOW server_version")
                + ", fsync "
                + server.sql("SHOW fsync")
                + ", synchronous_commit "
                + server.sql("SHOW synchronous_commit")
                + ", shared_buffers "
                + server.sql("SHOW shared_buffers"));
  }

  private static Store mariadb() {
    MariaDbServer server = started(new MariaDbServer());
    server.createDatabase(DATABASE);
    return new ProcessStore(
        "mariadb",
        server,
        server.folder().toString(),
        port -> server.jdbcUri(DATABASE, port),
        port -> server.jdbcUri(DATABASE, port),
        () -> Rows.count(server.jdbcUri(DATABASE)),
        () ->
            "MariaDB "
                + server.sql("SELECT VERSION()")
                + ", innodb_flush_log_at_trx_commit "
                + server.sql("SELECT @@innodb_flush_log_at_trx_commit"));
  }

  /** Closed at once if it does not start. */
  private static <S extends StoreProcess> S started(S server) {
    try {
      server.start();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static long number(String text) {
    return Long.parseLong(text.replaceAll("\\D", ""));
  }

  private static String loopback(int port) {
    return "127.0.0.1:" + port;
  }
}
