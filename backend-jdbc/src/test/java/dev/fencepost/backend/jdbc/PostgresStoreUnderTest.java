package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.PostgresDialect;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Random;

/** A database on PostgreSQL. */
public final class PostgresStoreUnderTest extends SqlStoreUnderTest {
  private final PostgresServer server;
  private final String uri;

  /** Reads the URI once, because each nested class of the contract makes another database. */
  public PostgresStoreUnderTest(PostgresDatabase database) {
    this.server = database.server();
    this.uri = database.jdbcUri();
  }

  @Override
  public String uri() {
    return uri;
  }

  @Override
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(uri);
  }

  @Override
  public SqlDialect dialect() {
    return new PostgresDialect(uri(), JdbcSettings.of(StoreSettings.of(uri())), new Random());
  }

  @Override
  public boolean wakesByNotification() {
    return true;
  }

  @Override
  public void restart() {
    server.restart();
  }

  @Override
  public void close() {}
}
