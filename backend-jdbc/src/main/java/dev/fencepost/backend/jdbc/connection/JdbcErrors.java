package dev.fencepost.backend.jdbc.connection;

import static java.util.Map.entry;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.tls.StoreLogin;
import dev.fencepost.lock.tls.StoreTls;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Classifies each {@link SQLException} by its effect on the commands that met it. The SQL states
 * are those of the standard and of PostgreSQL (manual, appendix A); those from 90000 on are H2's.
 * The error codes are those of MariaDB and MySQL (their error reference), whose states are not
 * specific enough.
 */
public enum JdbcErrors {
  /** Two statements collided. Neither took effect, and a retry is likely to succeed. */
  COLLISION(Failure.STORE_ERROR, "statements kept colliding in the database"),
  /** Another session kept a row locked for too long. The statement had no effect. */
  BLOCKED(Failure.STORE_TIMEOUT, "another session of the database keeps the lock's row"),
  /** One of several rows may be the cause. The statement had no effect. */
  REFUSED(Failure.STORE_ERROR, "the database answered with an error"),
  /** The connection failed. It is unknown whether the statement took effect. */
  UNREACHABLE(Failure.STORE_UNREACHABLE, "no connection to the database, or it broke"),
  /** The statement took too long and was cancelled. */
  TIMEOUT(Failure.STORE_TIMEOUT, "no answer from the database within the call timeout"),
  /** The database has no space for new rows. */
  FULL(Failure.STORE_FULL, "the database has no room on its disk");

  private static final String LOGIN_REFUSED = "28000";
  private static final int MAX_DEPTH = 20;

  /** The drivers' words about a server without TLS. */
  private static final Set<String> PLAIN_SERVERS =
      Set.of("The server does not support SSL", "ssl not enabled in the server");

  private static final Set<String> COLLISIONS = Set.of("40001", "40P01", "23505", "90131");
  private static final Set<String> BLOCKS = Set.of("55P03", "HYT00");

  /**
   * Shutting down, starting, too many connections; a session that may only read because its server
   * was demoted; H2 closed.
   */
  private static final Set<String> CONNECTION_FAILURES =
      Set.of(
          "57P01", "57P02", "57P03", "57P05", "53300", "25006", "90098", "90121", "90067", "90007");

  private static final Map<Integer, JdbcErrors> CODES =
      Map.ofEntries(
          entry(1213, COLLISION), // a deadlock, or another node's write set came first
          entry(1062, COLLISION), // another session has just inserted the key
          entry(1020, COLLISION), // the row has changed since it was read
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
          entry(1053, UNREACHABLE), // shutting down
          entry(1290, UNREACHABLE), // read-only since it was demoted
          entry(1792, UNREACHABLE), // likewise, for this session
          entry(1836, UNREACHABLE)); // likewise, in an upgrade

  /** Limits of the database, of the user or of a role. */
  private static final Set<Integer> TOO_MANY_CONNECTIONS = Set.of(1040, 1203, 1226);

  private final Failure failure;
  private final String message;

  JdbcErrors(Failure failure, String message) {
    this.failure = failure;
    this.message = message;
  }

  public static JdbcErrors of(SQLException e) {
    JdbcErrors byCode = CODES.get(e.getErrorCode());
    if (byCode != null) {
      return byCode;
    }
    String state = sqlStateOf(e);
    if (COLLISIONS.contains(state)) {
      return COLLISION;
    }
    if (BLOCKS.contains(state)) {
      return BLOCKED;
    }
    if (state.equals("57014") || e instanceof SQLTimeoutException) {
      return TIMEOUT;
    }
    // Before the message is read: a database that closed itself because its disk was full has to
    // be opened again.
    if (state.startsWith("08")
        || CONNECTION_FAILURES.contains(state)
        || e instanceof SQLTransientConnectionException) {
      return UNREACHABLE;
    }
    return state.equals("53100") || mentionsNoSpace(e) ? FULL : REFUSED;
  }

  /** Makes the exception for callers; its message reveals nothing of the database. */
  public StoreException toException(Exception cause) {
    return new StoreException(failure, message, cause);
  }

  /** True if the database refused a connection because there are too many. */
  static boolean isTooManyConnections(SQLException e) {
    return sqlStateOf(e).equals("53300") || TOO_MANY_CONNECTIONS.contains(e.getErrorCode());
  }

  /** The message of the database or its driver, for logs: that of the innermost cause. */
  public static String messageOf(Exception e) {
    Throwable innermost = e;
    while (innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    return String.valueOf(innermost.getMessage());
  }

  /**
   * Reads the password of a login that begins now.
   *
   * @throws SQLException as for a wrong password, if the file cannot be read
   */
  public static String readPassword(StoreLogin login) throws SQLException {
    try {
      return login.currentPassword().orElse("");
    } catch (StoreException e) {
      throw new SQLException(e.getMessage(), LOGIN_REFUSED, e);
    }
  }

  /**
   * Explains a connection that failed because of TLS, with the option to look at. Empty if it
   * failed for another reason, or if another try may succeed.
   */
  public static Optional<String> tlsFault(Throwable e) {
    Throwable each = e;
    for (int i = 0; each != null && i < MAX_DEPTH; i++) {
      String message = String.valueOf(each.getMessage());
      if (each instanceof StoreConfigurationException) {
        return Optional.of(message);
      }
      if (PLAIN_SERVERS.stream().anyMatch(message::contains)) {
        return Optional.of(
            "the server speaks plain text; set up TLS there, or remove the store options tls…");
      }
      each = each.getCause();
    }
    // A server that stops in the middle of a handshake leaves no better word than this.
    return StoreTls.explain(e).filter(text -> !text.startsWith("TLS failed"));
  }

  /** The SQL state; empty if there is none. */
  public static String sqlStateOf(SQLException e) {
    String state = e.getSQLState();
    return state == null ? "" : state;
  }

  /** H2 has no SQL state for a full disk. */
  private static boolean mentionsNoSpace(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (String.valueOf(t.getMessage()).contains("No space left")) {
        return true;
      }
    }
    return false;
  }
}
