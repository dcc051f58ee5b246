package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.sql.MySqlDialect;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.MySqlFamilyServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Random;

/** A database on MariaDB or MySQL. */
public final class MySqlStoreUnderTest extends SqlStoreUnderTest {
  private final MySqlFamilyServer server;
  private final String uri;

  /** Reads the URI once, because each nested class of the contract makes another database. */
  public MySqlStoreUnderTest(MySqlFamilyDatabase database) {
    this.server = database.server();
    this.uri = database.jdbcUri();
  }

  /** Opens a session for the test itself; takes either scheme. */
  static Connection connect(String uri) throws SQLException {
    return DriverManager.getConnection(uri.replace("jdbc:mysql:", "jdbc:mariadb:"));
  }

  @Override
  public String uri() {
    return uri;
  }

  @Override
  public Connection connect() throws SQLException {
    return connect(uri);
  }

  @Override
  public SqlDialect dialect() {
    String address = uri.substring(uri.indexOf("//"));
    return new MySqlDialect(address, JdbcSettings.of(StoreSettings.of(uri)), new Random());
  }

  /** Replicas poll instead, so a turn that is used at once is never reported. */
  @Override
  public boolean wakesByNotification() {
    return false;
  }

  @Override
  public void restart() {
    server.restart();
  }

  @Override
  public void close() {}
}
