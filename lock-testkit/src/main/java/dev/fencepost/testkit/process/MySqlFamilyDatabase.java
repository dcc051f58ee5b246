package dev.fencepost.testkit.process;

import java.util.function.Supplier;

/** An empty MariaDB or MySQL database for one test class. */
public final class MySqlFamilyDatabase extends SqlDatabase<MySqlFamilyServer> {

  private MySqlFamilyDatabase(String kind, Supplier<MySqlFamilyServer> maker) {
    super(kind, maker);
  }

  /** A database on MariaDB; starts nothing yet. */
  public static MySqlFamilyDatabase onMariaDb() {
    return new MySqlFamilyDatabase("mariadb", MariaDbServer::new);
  }

  /** A database on MySQL; starts nothing yet. */
  public static MySqlFamilyDatabase onMySql() {
    return new MySqlFamilyDatabase("mysql", MySqlServer::new);
  }
}
