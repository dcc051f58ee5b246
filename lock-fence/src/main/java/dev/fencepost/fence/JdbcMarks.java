package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** A SQL fence whose checks are transactions of their own. */
final class JdbcMarks implements FenceMarks {
  private static final int MAX_TRIES = 10;

  private final JdbcFence fence;
  private final DataSource database;

  JdbcMarks(JdbcFence fence, DataSource database) {
    this.fence = fence;
    this.database = database;
  }

  @Override
  public void check(String resource, FencingToken token) {
    for (int i = 1; ; i++) {
      try (Connection connection = database.getConnection()) {
        checkAlone(connection, resource, token);
        return;
      } catch (SQLException e) {
        if (i == MAX_TRIES || !mayBeRepeated(e)) {
          throw new FenceUnavailableException("the mark of \"" + resource + "\" is unknown", e);
        }
      }
    }
  }

  private void checkAlone(Connection connection, String resource, FencingToken token)
      throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    connection.setAutoCommit(false);
    boolean passed = false;
    try {
      fence.check(connection, resource, token);
      connection.commit();
      passed = true;
    } finally {
      if (!passed) {
        connection.rollback();
      }
      connection.setAutoCommit(autoCommit);
    }
  }

  /** A transaction that the database rolled back because of others. */
  private static boolean mayBeRepeated(SQLException e) {
    return e.getSQLState() != null && e.getSQLState().startsWith("40");
  }
}
