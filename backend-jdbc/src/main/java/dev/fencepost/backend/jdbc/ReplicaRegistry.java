package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store's identity and the replicas on it, one row each in {@code fencepost_replica}. A replica
 * is living if its row was written within the last 10 s. Safe for use by many threads.
 */
final class ReplicaRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);

  private static final StoreInfo.LeaseTerms LEASES =
      new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));

  private final SqlDialect dialect;

  ReplicaRegistry(SqlDialect dialect) {
    this.dialect = dialect;
  }

  /** Writes a replica's entry; each write is a heartbeat. */
  void write(Connection connection, Replica replica) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "replica_write")) {
      statement
          .with("id", replica.id().value())
          .with("address", replica.address())
          .with("phase", replica.phase().name())
          .update();
    }
  }

  /** Removes a replica's entry. */
  void remove(Connection connection, ReplicaId id) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "replica_remove")) {
      statement.with("id", id.value()).update();
    }
  }

  /** Reads the store's kind, id and living replicas; a store without an id gets one. */
  StoreInfo describeStore(Connection connection) throws SQLException {
    Optional<String> id = storeId(connection);
    if (id.isEmpty()) {
      try (BoundStatement statement = dialect.statement(connection, "store_write")) {
        statement.with("id", UUID.randomUUID().toString()).update();
      }
      id = storeId(connection);
    }
    return new StoreInfo(dialect.kind(), id.orElseThrow(), LEASES, living(connection));
  }

  private Optional<String> storeId(Connection connection) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "store_read");
        ResultSet rows = statement.query()) {
      return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
    }
  }

  private List<Replica> living(Connection connection) throws SQLException {
    List<Replica> living = new ArrayList<>();
    try (BoundStatement statement = dialect.statement(connection, "replicas");
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        read(rows).ifPresent(living::add);
      }
    }
    return living;
  }

  /** Deletes the entries of replicas that died long ago. */
  void purge(Connection connection) throws SQLException {
    try (BoundStatement statement = dialect.statement(connection, "replicas_forget")) {
      statement.update();
    }
  }

  /** Reads an entry; empty if it was written by a later version. */
  private static Optional<Replica> read(ResultSet row) throws SQLException {
    try {
      return Optional.of(
          new Replica(
              new ReplicaId(row.getString(1)),
              row.getString(2),
              Replica.Phase.valueOf(row.getString(3))));
    } catch (IllegalArgumentException e) {
      LOG.debug("An entry among the replicas cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }
}
