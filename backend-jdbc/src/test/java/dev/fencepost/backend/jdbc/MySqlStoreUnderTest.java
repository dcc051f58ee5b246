package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import dev.fencepost.testkit.process.MySqlFamilyServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Random;

/** A database on MariaDB or MySQL. */
final class MySqlStoreUnderTest extends SqlStoreUnderTest {
  private final MySqlFamilyServer server;
  private final String uri;

  /** Reads the name once: each nested class of the contract has another database made. */
  MySqlStoreUnderTest(MySqlFamilyDatabase database) {
    this.server = database.server();
    this.uri = database.jdbcUri();
  }

  /** A session of a test's own, whatever the scheme. */
  static Connection connect(String uri) throws SQLException {
    return DriverManager.getConnection(uri.replace("jdbc:mysql:", "jdbc:mariadb:"));
  }

  @Override
  String uri() {
    return uri;
  }

  @Override
  Connection connect() throws SQLException {
    return connect(uri);
  }

  @Override
  SqlDialect dialect() {
    String place = uri.substring(uri.indexOf("//"));
    return new MySqlDialect(place, JdbcSettings.of(StoreSettings.of(uri)), new Random());
  }

  /** It is looked for instead: a turn that was taken at once is not told of. */
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
