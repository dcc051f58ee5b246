package dev.fencepost.backend.jdbc;

import static java.util.Map.entry;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.Map;
import java.util.Set;

/**
 * What an {@link SQLException} means for the questions that met it. The states are the standard's
 * and PostgreSQL's (manual, appendix A), the five-digit ones from 90000 on H2's. The codes are
 * MariaDB's and MySQL's (their error reference), whose states say too little.
 */
enum Trouble {
  /** Two statements were in each other's way; nothing happened, and again is likely to work. */
  COLLISION(Failure.STORE_ERROR, "statements kept colliding in the database"),
  /** Somebody else held a row for too long; nothing happened. */
  BLOCKED(Failure.STORE_TIMEOUT, "another session of the database keeps the lock's row"),
  /** One of several rows may be at fault; nothing happened. */
  REFUSED(Failure.STORE_ERROR, "the database answered with an error"),
  /** Nobody knows what happened. */
  UNREACHABLE(Failure.STORE_UNREACHABLE, "no connection to the database, or it broke"),
  /** The statement took too long and was cancelled. */
  TIMEOUT(Failure.STORE_TIMEOUT, "no answer from the database within the call timeout"),
  /** There is no room for new rows. */
  FULL(Failure.STORE_FULL, "the database has no room on its disk");

  private static final Set<String> COLLISIONS = Set.of("40001", "40P01", "23505", "90131");
  private static final Set<String> BLOCKS = Set.of("55P03", "HYT00");

  /**
   * Going down, starting, too many connections; a session that may only read because its server was
   * demoted; H2 closed.
   */
  private static final Set<String> BREAKS =
      Set.of(
          "57P01", "57P02", "57P03", "57P05", "53300", "25006", "90098", "90121", "90067", "90007");

  private static final Map<Integer, Trouble> CODES =
      Map.ofEntries(
          entry(1213, COLLISION), // a deadlock, or a write set that another node's came before
          entry(1062, COLLISION), // a key that was not there a moment ago
          entry(1020, COLLISION), // changed since it was read
          entry(1205, BLOCKED), // lock wait timeout
          entry(1969, TIMEOUT), // max_statement_time
          entry(3024, TIMEOUT), // max_execution_time
          entry(1317, TIMEOUT), // KILL QUERY
          entry(1021, FULL), // disk full
          entry(1114, FULL), // tablespace full
          entry(1927, UNREACHABLE), // KILL
          entry(1040, UNREACHABLE), // too many connections
          entry(1203, UNREACHABLE), // too many of this user
          entry(1226, UNREACHABLE), // a resource limit of this user
          entry(1053, UNREACHABLE), // going down
          entry(1290, UNREACHABLE), // read-only since it was demoted
          entry(1792, UNREACHABLE), // likewise, for this session
          entry(1836, UNREACHABLE)); // likewise, in an upgrade

  /** Of the database, of the user or of a role. */
  private static final Set<Integer> TOO_MANY_CONNECTIONS = Set.of(1040, 1203, 1226);

  private final Failure failure;
  private final String words;

  Trouble(Failure failure, String words) {
    this.failure = failure;
    this.words = words;
  }

  static Trouble of(SQLException e) {
    Trouble byCode = CODES.get(e.getErrorCode());
    if (byCode != null) {
      return byCode;
    }
    String state = state(e);
    if (COLLISIONS.contains(state)) {
      return COLLISION;
    }
    if (BLOCKS.contains(state)) {
      return BLOCKED;
    }
    if (state.equals("57014") || e instanceof SQLTimeoutException) {
      return TIMEOUT;
    }
    // Before the words: a database that closed itself for want of room has to be opened again.
    if (state.startsWith("08")
        || BREAKS.contains(state)
        || e instanceof SQLTransientConnectionException) {
      return UNREACHABLE;
    }
    return state.equals("53100") || saysNoSpace(e) ? FULL : REFUSED;
  }

  /** The exception to be told; its message shows nothing of the database. */
  StoreException as(Exception cause) {
    return new StoreException(failure, words, cause);
  }

  /** Whether the database refused a connection because there are too many. */
  static boolean isShortOfConnections(SQLException e) {
    return state(e).equals("53300") || TOO_MANY_CONNECTIONS.contains(e.getErrorCode());
  }

  /** What the database or its driver said, for logs: the message of the innermost cause. */
  static String words(Exception e) {
    Throwable said = e;
    while (said.getCause() != null) {
      said = said.getCause();
    }
    return String.valueOf(said.getMessage());
  }

  /** The SQL state; empty if it has none. */
  static String state(SQLException e) {
    String state = e.getSQLState();
    return state == null ? "" : state;
  }

  /** H2 has no state of its own for a full disk. */
  private static boolean saysNoSpace(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (String.valueOf(t.getMessage()).contains("No space left")) {
        return true;
      }
    }
    return false;
  }
}
