package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.H2Dialect;
import dev.fencepost.backend.jdbc.sql.MySqlDialect;
import dev.fencepost.backend.jdbc.sql.PostgresDialect;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.support.OpenOnce;
import dev.fencepost.lock.spi.support.StoreOpener;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Locks in a SQL database: H2 in the server's own process ({@code h2:FOLDER}), for a single server;
 * PostgreSQL 12 or later ({@code jdbc:postgresql://…}); MariaDB 10.6 or MySQL 8.0 or later ({@code
 * jdbc:mariadb://…} or {@code jdbc:mysql://…}, either for both). Safe for use by many threads.
 *
 * <p>Options: {@code acquire-connections}, {@code owner-connections} and {@code read-connections}
 * (1–32), {@code batch-size} (1–1,000 locks), {@code queue} (100–1,000,000 waiting calls), {@code
 * purge-after} (1 min – 3,650 d), {@code mark-retention} (1 d – 3,650 d), {@code user}, {@code
 * password}, {@code password-file} and {@code tls…}. {@code docs/backends/jdbc.md} explains them,
 * {@code docs/backends/mysql.md} what MariaDB and MySQL need.
 */
public final class JdbcBackendProvider implements LockBackendProvider {
  private static final String H2_SCHEME = "h2:";
  private static final String POSTGRESQL_SCHEME = "jdbc:postgresql:";
  private static final String MARIADB_SCHEME = "jdbc:mariadb:";
  private static final String MYSQL_SCHEME = "jdbc:mysql:";

  /** One clock for all backends of this process, since they may share an embedded database. */
  private final AtomicLong latestMicros = new AtomicLong(Long.MIN_VALUE);

  private final Random random = new Random();

  /** For {@link java.util.ServiceLoader}. */
  public JdbcBackendProvider() {}

  @Override
  public List<String> examples() {
    return List.of(
        "h2:./fencepost-data",
        "jdbc:postgresql://host:5432/database?user=fencepost&password=…",
        "jdbc:mariadb://host:3306/database?user=fencepost&password=…",
        "jdbc:mysql://host:3306/database?user=fencepost&password=…");
  }

  @Override
  public List<String> schemes() {
    return List.of(H2_SCHEME, POSTGRESQL_SCHEME, MARIADB_SCHEME, MYSQL_SCHEME);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    JdbcSettings checked = JdbcSettings.of(settings);
    JdbcBackend opener = new JdbcBackend(dialect(settings.uri(), checked), checked, random);
    return new OpenOnce<>(StoreOpener.onThread("fencepost-jdbc-open", opener));
  }

  @Override
  public String schema(StoreSettings settings) {
    return dialect(settings.uri(), JdbcSettings.of(settings)).schema();
  }

  private SqlDialect dialect(String uri, JdbcSettings settings) {
    if (uri.startsWith(H2_SCHEME)) {
      if (settings.tls().isPresent()) {
        throw new StoreConfigurationException(
            "store options tls…: H2 runs inside this server and has no connections"
                + " (expected: none of them)");
      }
      return new H2Dialect(folder(uri.substring(H2_SCHEME.length())), this::nowMicros);
    }
    if (uri.startsWith(POSTGRESQL_SCHEME)) {
      return new PostgresDialect(uri, settings, random);
    }
    for (String scheme : List.of(MARIADB_SCHEME, MYSQL_SCHEME)) {
      if (uri.startsWith(scheme)) {
        return new MySqlDialect(uri.substring(scheme.length()), settings, random);
      }
    }
    throw new StoreConfigurationException(
        "store URI: begins with none of " + String.join(", ", schemes()));
  }

  /** This machine's clock, which stands still while the machine's runs backwards. */
  private long nowMicros() {
    return latestMicros.accumulateAndGet(MicrosecondTime.of(Instant.now()), Math::max);
  }

  private static Path folder(String path) {
    if (path.isBlank()) {
      throw new StoreConfigurationException(
          "store URI: no folder after "
              + H2_SCHEME
              + " (expected: h2:./fencepost-data, for example)");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw new StoreConfigurationException("store URI: no such folder can exist", e);
    }
  }
}
