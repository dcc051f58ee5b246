package dev.fencepost.benchmarks.store;

import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.MariaDbServer;
import dev.fencepost.testkit.process.PostgresServer;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.StoreProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** Starts one store of any kind. */
public final class StoreStarter {
  /** All kinds, in the order of the report. */
  public static final List<String> KINDS =
      List.of("redis", "zookeeper", "etcd", "postgresql", "mariadb", "h2");

  private static final String DATABASE = "benchmarks";

  private StoreStarter() {}

  /**
   * Starts a store of the kind.
   *
   * @throws IllegalStateException if it cannot be started; the message says what is missing
   */
  public static MeasuredStore start(String kind) {
    return switch (kind) {
      case "redis" -> startRedis();
      case "zookeeper" -> startZookeeper();
      case "etcd" -> startEtcd();
      case "postgresql" -> startPostgres();
      case "mariadb" -> startMariaDb();
      case "h2" -> createH2();
      case "none" -> MeasuredStore.none();
      default -> throw new IllegalArgumentException("no store " + kind + ", only " + KINDS);
    };
  }

  /** Deletes a folder and its files. */
  public static void deleteFolder(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MeasuredStore startRedis() {
    RedisServer server = started(new RedisServer("appendonly no"));
    String version =
        server.cli("INFO", "server").replaceFirst("(?s).*redis_version:([0-9.]+).*", "$1");
    return new MeasuredStore(
        server.port(),
        "redis-server 127.0.0.1:" + server.port(),
        port -> "127.0.0.1:" + port,
        RedisServer::uri,
        "Redis " + version + ", in memory only (appendonly no, its default)",
        () -> Long.parseLong(server.cli("DBSIZE").replaceAll("\\D", "")),
        server::close);
  }

  private static MeasuredStore startZookeeper() {
    StandaloneZookeeper server = started(new StandaloneZookeeper());
    return new MeasuredStore(
        server.port(),
        server.folder().toString(),
        port -> "127.0.0.1:" + port,
        port -> "zookeeper://127.0.0.1:" + port + "/fencepost",
        server.description(),
        server::nodeCount,
        server::close);
  }

  private static MeasuredStore startEtcd() {
    EtcdServer server = started(new EtcdServer());
    String version = server.etcdctl("version").replaceFirst("(?s).*version: ([0-9.]+).*", "$1");
    return new MeasuredStore(
        server.port(),
        server.folder().toString(),
        port -> "127.0.0.1:" + port,
        port -> "etcd://127.0.0.1:" + port + "/fencepost",
        "etcd " + version + ", one member, syncs each write (its default)",
        () ->
            server.etcdctl("get", "", "--prefix", "--keys-only").lines().count()
                + server.etcdctl("lease", "list").lines().count(),
        server::close);
  }

  private static MeasuredStore startPostgres() {
    PostgresServer server = started(new PostgresServer());
    server.createDatabase(DATABASE);
    return new MeasuredStore(
        server.port(),
        server.folder().toString(),
        port -> server.jdbcUri(DATABASE, port),
        port -> server.jdbcUri(DATABASE, port),
        "PostgreSQL "
            + server.sql("SHOW server_version")
            + ", fsync "
            + server.sql("SHOW fsync")
            + ", synchronous_commit "
            + server.sql("SHOW synchronous_commit")
            + ", shared_buffers "
            + server.sql("SHOW shared_buffers"),
        lockRows(server.jdbcUri(DATABASE)),
        server::close);
  }

  private static MeasuredStore startMariaDb() {
    MariaDbServer server = started(new MariaDbServer());
    server.createDatabase(DATABASE);
    return new MeasuredStore(
        server.port(),
        server.folder().toString(),
        port -> server.jdbcUri(DATABASE, port),
        port -> server.jdbcUri(DATABASE, port),
        "MariaDB "
            + server.sql("SELECT VERSION()")
            + ", innodb_flush_log_at_trx_commit "
            + server.sql("SELECT @@innodb_flush_log_at_trx_commit"),
        lockRows(server.jdbcUri(DATABASE)),
        server::close);
  }

  /** H2 has no process: it runs in Fencepost's server, or in a peer's client. */
  private static MeasuredStore createH2() {
    Path folder;
    try {
      folder = Files.createTempDirectory("fencepost-h2-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new MeasuredStore(
        0,
        "no process of H2's own",
        port -> "jdbc:h2:file:" + folder.resolve("peer") + ";WRITE_DELAY=0",
        port -> "h2:" + folder.resolve("fencepost"),
        "H2 embedded (peers: in the client's process), WRITE_DELAY 0",
        () -> 0,
        () -> deleteFolder(folder));
  }

  /** Starts the server, and closes it if that fails. */
  private static <S extends StoreProcess> S started(S server) {
    try {
      server.start();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static LongSupplier lockRows(String uri) {
    return () -> {
      try (Connection connection = DriverManager.getConnection(uri);
          Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT count(*) FROM fencepost_lock")) {
        rows.next();
        return rows.getLong(1);
      } catch (SQLException e) {
        throw new IllegalStateException("cannot count the locks", e);
      }
    };
  }
}
