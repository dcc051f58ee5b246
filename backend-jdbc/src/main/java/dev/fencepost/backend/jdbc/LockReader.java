package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.ArrayParameter;
import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.JdbcRecordCodec;
import dev.fencepost.backend.jdbc.sql.LocalObservations;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Describes locks, all by one statement. Safe for use by many threads. */
final class LockReader {
  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final SqlDialect dialect;
  private final LocalObservations memory;

  LockReader(SqlDialect dialect, LocalObservations memory) {
    this.dialect = dialect;
    this.memory = memory;
  }

  /** The current states of locks, in the order given; unreadable records are left out. */
  List<LockState> describe(Connection connection, List<LockName> locks) throws SQLException {
    List<byte[]> names = locks.stream().distinct().map(LockName::utf8).toList();
    Map<LockName, LockRecord> found = new HashMap<>();
    Set<LockName> skipped = new HashSet<>();
    long now = 0;
    try (BoundStatement statement =
            dialect.statement(connection, "describe").with("names", ArrayParameter.bytes(names));
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        now = rows.getLong(1);
        Optional<LockName> name = JdbcRecordCodec.readName(rows, 2);
        if (name.isPresent()) {
          readRecord(name.get(), rows)
              .ifPresentOrElse(
                  record -> found.put(name.get(), record), () -> skipped.add(name.get()));
        }
      }
    }
    List<LockState> states = new ArrayList<>(locks.size());
    for (LockName lock : locks) {
      if (skipped.contains(lock)) {
        continue;
      }
      states.add(found.getOrDefault(lock, LockRecord.unused(lock)).stateAt(now));
    }
    return states;
  }

  /** Reports a row that was left out, because no lock has its name. */
  void reportForeign(byte[] key) {
    unreadable.skippedForeign(new String(key, StandardCharsets.UTF_8));
  }

  /** Reads the record that follows the clock in a row; empty if it cannot be read. */
  Optional<LockRecord> readRecord(LockName name, ResultSet row) throws SQLException {
    try {
      LockRecord lock = JdbcRecordCodec.readRecord(name, row, 2);
      memory.observe(lock);
      return Optional.of(lock);
    } catch (StoreException e) {
      unreadable.skipped(name, e);
      return Optional.empty();
    }
  }
}
