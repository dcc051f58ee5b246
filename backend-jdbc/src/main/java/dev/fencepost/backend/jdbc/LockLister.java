package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.JdbcRecordCodec;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.LockPage;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** Lists locks page by page, each page by one statement. Safe for use by many threads. */
final class LockLister {

  /** Most rows that one page reads, idle ones included. */
  private static final int MAX_SCANNED = 10_000;

  /** Sorts after every name, since no UTF-8 text has this byte. */
  private static final byte[] ABOVE_ALL = {(byte) 0xFF};

  private final SqlDialect dialect;
  private final LockReader reader;

  LockLister(SqlDialect dialect, LockReader reader) {
    this.dialect = dialect;
    this.reader = reader;
  }

  /** A page of the locks that are not idle, in the order of their names. */
  LockPage list(Connection connection, ListQuery query) throws SQLException {
    byte[] prefix = query.prefix().getBytes(StandardCharsets.UTF_8);
    List<LockState> page = new ArrayList<>();
    Optional<byte[]> last = Optional.empty();
    int scanned = 0;
    try (BoundStatement statement =
            dialect
                .statement(connection, "list")
                .with("after", query.after().map(LockLister::nameBytes).orElse(new byte[0]))
                .with("low", prefix)
                .with("high", above(prefix))
                .with("scan", MAX_SCANNED);
        ResultSet rows = statement.query()) {
      while (page.size() < query.limit() && rows.next()) {
        byte[] key = rows.getBytes(2);
        if (key == null) {
          break;
        }
        long now = rows.getLong(1);
        last = Optional.of(key);
        scanned++;
        Optional<LockName> name = JdbcRecordCodec.readName(rows, 2);
        if (name.isEmpty()) {
          reader.reportForeign(key);
          continue;
        }
        reader
            .readRecord(name.get(), rows)
            .filter(lock -> !lock.isIdleAt(now))
            .ifPresent(lock -> page.add(lock.stateAt(now)));
      }
    }
    boolean isLast = page.size() < query.limit() && scanned < MAX_SCANNED;
    return new LockPage(page, isLast ? Optional.empty() : last.map(LockLister::cursor));
  }

  private static Cursor cursor(byte[] last) {
    return new Cursor(Base64.getUrlEncoder().withoutPadding().encodeToString(last));
  }

  private static byte[] nameBytes(Cursor cursor) {
    try {
      byte[] name = Base64.getUrlDecoder().decode(cursor.opaque());
      if (cursor.equals(cursor(name))) {
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
