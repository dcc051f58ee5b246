package dev.fencepost.backend.jdbc.sql;

import java.util.List;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * The tables of one kind of database. Migrations only add, so that old and new replicas can run
 * side by side. Each migration makes only what is missing, so that an operator may apply it by hand
 * before.
 */
final class JdbcSchema {
  /** All migrations, in order; each database has a file for each. */
  private static final List<String> VERSIONS = List.of("V1__locks");

  private final String folder;

  JdbcSchema(String folder) {
    this.folder = folder + "/migration";
  }

  /** The statements of all migrations. */
  String text() {
    return VERSIONS.stream()
        .map(version -> SqlStatements.resource(folder + "/" + version + ".sql"))
        .collect(Collectors.joining("\n"));
  }

  /** Applies the missing migrations. Several replicas may do so at once. */
  void migrate(DataSource source) {
    Flyway.configure(JdbcSchema.class.getClassLoader())
        .dataSource(source)
        .locations(
            "classpath:" + JdbcSchema.class.getPackageName().replace('.', '/') + "/" + folder)
        .table("fencepost_schema_history")
        // The schema may hold tables of other applications.
        .baselineOnMigrate(true)
        .baselineVersion("0")
        // A newer replica may have migrated further.
        .ignoreMigrationPatterns("*:future")
        .load()
        .migrate();
  }
}
