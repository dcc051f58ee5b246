package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A statement and its parameters, to be executed once. */
public final class BoundStatement implements AutoCloseable {
  private final Connection connection;
  private final SqlTemplate template;
  private final Map<String, @Nullable Object> values = new HashMap<>();
  private @Nullable PreparedStatement prepared;

  BoundStatement(Connection connection, SqlTemplate template) {
    this.connection = connection;
    this.template = template;
  }

  /** Sets a parameter wherever the statement mentions it. */
  public BoundStatement with(String parameter, @Nullable Object value) {
    if (template.parameters().contains(parameter)) {
      values.put(parameter, value);
    }
    return this;
  }

  /** Executes the statement and returns its rows. */
  public ResultSet query() throws SQLException {
    PreparedStatement running = execute();
    boolean hasRows = running.getUpdateCount() == -1;
    while (!hasRows) {
      hasRows = running.getMoreResults();
      if (!hasRows && running.getUpdateCount() == -1) {
        throw new IllegalStateException("a query without rows");
      }
    }
    return running.getResultSet();
  }

  /** Executes the statement. Returns no row count: a caller that needs one queries for it. */
  public void update() throws SQLException {
    execute();
  }

  @Override
  public void close() throws SQLException {
    if (prepared != null) {
      prepared.close();
    }
  }

  private PreparedStatement execute() throws SQLException {
    if (values.size() < template.parameters().size()) {
      TreeSet<String> unset = new TreeSet<>(template.parameters());
      unset.removeAll(values.keySet());
      throw new IllegalStateException("parameters without a value: " + unset);
    }
    SqlTemplate.Filled filled = template.fill(values);
    PreparedStatement running = connection.prepareStatement(filled.text());
    prepared = running;
    List<@Nullable Object> arguments = filled.arguments();
    for (int i = 0; i < arguments.size(); i++) {
      Object argument = arguments.get(i);
      running.setObject(
          i + 1,
          argument instanceof ArrayParameter array
              ? connection.createArrayOf(array.type(), array.elements())
              : argument);
    }
    try {
      running.execute();
      return running;
    } catch (SQLException e) {
      if (template.isTransaction()) {
        rollBack(e);
      }
      throw e;
    }
  }

  /**
   * After a timeout the rows that earlier statements of the transaction locked are still locked.
   */
  private void rollBack(SQLException cause) {
    if (JdbcErrors.of(cause) == JdbcErrors.UNREACHABLE) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("ROLLBACK");
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }
}
