package dev.fencepost.backend.jdbc.connection;

import java.sql.Connection;
import java.sql.SQLException;

/** A function that uses one connection. */
@FunctionalInterface
public interface ConnectionWork<T> {
  T apply(Connection connection) throws SQLException;
}
