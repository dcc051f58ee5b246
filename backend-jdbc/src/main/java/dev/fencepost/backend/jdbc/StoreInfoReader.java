package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreInfo;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** Reads the store's kind, id and living replicas. Safe for use by many threads. */
final class StoreInfoReader {
  private static final StoreInfo.LeaseTerms LEASES =
      new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));

  private final SqlDialect dialect;
  private final ReplicaRegistry replicas;

  StoreInfoReader(SqlDialect dialect, ReplicaRegistry replicas) {
    this.dialect = dialect;
    this.replicas = replicas;
  }

  /** Reads all of it; a store without an id gets one. */
  StoreInfo read(Connection connection) throws SQLException {
    Optional<String> id = storeId(connection);
    if (id.isEmpty()) {
      try (BoundStatement statement = dialect.statement(connection, "store_write")) {
        statement.with("id", UUID.randomUUID().toString()).update();
      }
      id = storeId(connection);
    }
    return new StoreInfo(dialect.kind(), id.orElseThrow(), LEASES, replicas.living(connection));
  }

  private Optional<String> storeId(Connection connection) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "store_read");
        ResultSet rows = statement.query()) {
      return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
    }
  }
}
