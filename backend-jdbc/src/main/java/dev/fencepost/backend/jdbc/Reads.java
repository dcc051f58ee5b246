package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is read of a store, each by one statement. Safe for use by many threads. */
final class Reads {
  private static final StoreInfo.LeaseTerms LEASES =
      new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));

  /** Rows that one page may cost, idle ones included. */
  private static final int MOST_SCANNED = 10_000;

  /** Above every name: no UTF-8 has this byte. */
  private static final byte[] ABOVE_ALL = {(byte) 0xFF};

  private static final Logger LOG = LoggerFactory.getLogger(Reads.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final Database database;
  private final Seen seen;

  Reads(Database database, Seen seen) {
    this.database = database;
    this.seen = seen;
  }

  /** The locks as they stand, in the order asked. */
  List<LockState> describe(Connection connection, List<LockName> locks) throws SQLException {
    List<byte[]> names = locks.stream().distinct().map(LockName::utf8).toList();
    Map<LockName, LockRecord> found = new HashMap<>();
    Set<LockName> skipped = new HashSet<>();
    long now = 0;
    try (Sql.Asked asked = ask(connection, "describe").with("names", Sql.Many.bytes(names));
        ResultSet rows = asked.query()) {
      while (rows.next()) {
        now = rows.getLong(1);
        Optional<LockName> name = LockRow.name(rows, 2);
        if (name.isPresent()) {
          read(name.get(), rows)
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

  /** A page of the locks that are not idle, by the order of their names. */
  LockPage list(Connection connection, ListQuery query) throws SQLException {
    byte[] prefix = query.prefix().getBytes(StandardCharsets.UTF_8);
    List<LockState> page = new ArrayList<>();
    Optional<LockName> last = Optional.empty();
    int scanned = 0;
    try (Sql.Asked asked =
            ask(connection, "list")
                .with("after", query.after().map(Reads::place).orElse(new byte[0]))
                .with("low", prefix)
                .with("high", above(prefix))
                .with("scan", MOST_SCANNED);
        ResultSet rows = asked.query()) {
      while (page.size() < query.limit() && rows.next()) {
        Optional<LockName> name = LockRow.name(rows, 2);
        if (name.isEmpty()) {
          break;
        }
        long now = rows.getLong(1);
        last = name;
        scanned++;
        read(name.get(), rows)
            .filter(lock -> !lock.isIdleAt(now))
            .ifPresent(lock -> page.add(lock.stateAt(now)));
      }
    }
    boolean isLast = page.size() < query.limit() && scanned < MOST_SCANNED;
    return new LockPage(page, isLast ? Optional.empty() : last.map(Reads::cursor));
  }

  /** Forgets a resource's mark and answers what it was. */
  Optional<FencingToken> resetMark(Connection connection, ResourceName resource)
      throws SQLException {
    try (Sql.Asked asked = ask(connection, "mark_forget").with("resource", resource.utf8());
        ResultSet rows = asked.query()) {
      return rows.next() ? Optional.of(new FencingToken(rows.getLong(1))) : Optional.empty();
    }
  }

  /** Who the store is, with an id from now on if it has none, and the living replicas. */
  StoreInfo info(Connection connection) throws SQLException {
    Optional<String> id = storeId(connection);
    if (id.isEmpty()) {
      try (Sql.Asked asked = ask(connection, "store_write")) {
        asked.with("id", UUID.randomUUID().toString()).update();
      }
      id = storeId(connection);
    }
    return new StoreInfo(database.kind(), id.orElseThrow(), LEASES, replicas(connection));
  }

  private Optional<String> storeId(Connection connection) throws SQLException {
    try (Sql.Asked asked = ask(connection, "store_read");
        ResultSet rows = asked.query()) {
      return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
    }
  }

  private List<Replica> replicas(Connection connection) throws SQLException {
    List<Replica> living = new ArrayList<>();
    try (Sql.Asked asked = ask(connection, "replicas");
        ResultSet rows = asked.query()) {
      while (rows.next()) {
        replica(rows).ifPresent(living::add);
      }
    }
    return living;
  }

  /** The entry; nothing if it is of a later version. */
  private static Optional<Replica> replica(ResultSet row) throws SQLException {
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

  private Sql.Asked ask(Connection connection, String statement) {
    return database.sql().ask(connection, statement).with("now", database.clockMicros());
  }

  /** The row's record, behind the clock; nothing if it cannot be read. */
  private Optional<LockRecord> read(LockName name, ResultSet row) throws SQLException {
    try {
      LockRecord lock = LockRow.read(name, row, 2);
      seen.saw(lock);
      return Optional.of(lock);
    } catch (StoreException e) {
      unreadable.skipped(name, e);
      return Optional.empty();
    }
  }

  private static Cursor cursor(LockName last) {
    return new Cursor(Base64.getUrlEncoder().withoutPadding().encodeToString(last.utf8()));
  }

  private static byte[] place(Cursor cursor) {
    try {
      byte[] name = Base64.getUrlDecoder().decode(cursor.opaque());
      if (cursor.equals(cursor(new LockName(new String(name, StandardCharsets.UTF_8))))) {
        return name;
      }
    } catch (IllegalArgumentException e) {
      throw badCursor(cursor);
    }
    throw badCursor(cursor);
  }

  private static InvalidValueException badCursor(Cursor cursor) {
    return InvalidValueException.of("page_token", cursor.opaque(), "one that a page ended with");
  }

  /** The least bytes above all names with that prefix. */
  private static byte[] above(byte[] prefix) {
    if (prefix.length == 0) {
      return ABOVE_ALL;
    }
    // The last byte of UTF-8 is below 0xFF, so adding one needs no carry.
    byte[] next = Arrays.copyOf(prefix, prefix.length);
    next[prefix.length - 1]++;
    return next;
  }
}
