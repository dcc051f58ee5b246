package dev.fencepost.backend.jdbc;

import java.util.List;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * The tables of one kind of database. Migrations only add, so that an old and a new replica run
 * side by side, and each makes what is missing and nothing else, so that an operator may have
 * applied them by hand.
 */
final class Schema {
  /** All migrations, in order; each database has a file for each. */
  private static final List<String> VERSIONS = List.of("V1__locks");

  private final String folder;

  Schema(String folder) {
    this.folder = folder + "/migration";
  }

  /** The statements of all migrations. */
  String text() {
    return VERSIONS.stream()
        .map(version -> Sql.text(folder + "/" + version + ".sql"))
        .collect(Collectors.joining("\n"));
  }

  /** Applies what is missing. Several replicas may do so at once. */
  void migrate(DataSource source) {
    Flyway.configure(Schema.class.getClassLoader())
        .dataSource(source)
        .locations("classpath:" + Schema.class.getPackageName().replace('.', '/') + "/" + folder)
        .table("fencepost_schema_history")
        // The schema may hold other people's tables.
        .baselineOnMigrate(true)
        .baselineVersion("0")
        // A newer replica may have been here.
        .ignoreMigrationPatterns("*:future")
        .load()
        .migrate();
  }
}
