package dev.fencepost.backend.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** What is asked of a database through one connection. */
@FunctionalInterface
interface SqlFunction<T> {
  T ask(Connection connection) throws SQLException;
}
