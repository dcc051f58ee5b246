package dev.fencepost.liquibase;

import dev.fencepost.client.FencepostClient;
import java.sql.Connection;
import java.sql.DriverManager;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;

/**
 * A process that migrates the database of its first argument. With a second one, the address of a
 * server, it has a client of its own.
 */
final class MigrationProgram {
  private MigrationProgram() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 1) {
      FencepostClient client = FencepostClient.connect(arguments[1]);
      FencepostLockService.use(client);
    }
    migrate(arguments[0]);
    System.out.println("migrated");
    System.exit(0);
  }

  static void migrate(String url) throws Exception {
    try (Connection connection = DriverManager.getConnection(url);
        Liquibase liquibase =
            new Liquibase(
                "changelog.xml",
                new ClassLoaderResourceAccessor(),
                DatabaseFactory.getInstance()
                    .findCorrectDatabaseImplementation(new JdbcConnection(connection)))) {
      liquibase.update(new Contexts(), new LabelExpression());
    }
  }
}
