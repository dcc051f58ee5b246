package dev.fencepost.backend.jdbc.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The statements of one kind of database, read from resource files in the form of {@link
 * SqlTemplate}. A statement takes the parameters that it mentions and ignores the others. So the
 * same Java code serves a database that has to be given the time and one that has its own clock.
 *
 * <p>A file that begins with {@code START TRANSACTION} holds several statements. They are sent
 * together, at most one of them returns rows, and the transaction is rolled back if one fails.
 */
final class SqlStatements {
  private final String folder;
  private final Map<String, SqlTemplate> templates = new ConcurrentHashMap<>();

  /** The statements in a folder beside this class. */
  SqlStatements(String folder) {
    this.folder = folder;
  }

  /** The statement with that name, ready for its parameters. */
  BoundStatement prepare(Connection connection, String name) {
    return new BoundStatement(connection, templates.computeIfAbsent(name, this::load));
  }

  /** The text of a resource beside this class. */
  static String resource(String path) {
    try (InputStream in = SqlStatements.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("missing in the jar: " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private SqlTemplate load(String name) {
    return SqlTemplate.parse(resource(folder + "/" + name + ".sql"));
  }
}
