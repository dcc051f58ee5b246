package dev.fencepost.backend.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** A function that uses one connection. */
@FunctionalInterface
interface SqlFunction<T> {
  T apply(Connection connection) throws SQLException;
}
