package dev.fencepost.backend.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The statements of one kind of database, read from resource files. Parameters are written {@code
 * :name}; a statement takes those that it mentions and leaves the others, so that one piece of Java
 * serves two databases of which only one needs to be told the time.
 */
final class Sql {
  private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-z_]+)");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  private final String folder;
  private final Map<String, Statement> statements = new ConcurrentHashMap<>();

  /** The statements in a folder beside this class. */
  Sql(String folder) {
    this.folder = folder;
  }

  /** The statement of that name, ready to take its parameters. */
  Asked ask(Connection connection, String name) throws SQLException {
    Statement statement = statements.computeIfAbsent(name, this::load);
    return new Asked(statement, connection.prepareStatement(statement.text()));
  }

  /** The text of a resource beside this class. */
  static String text(String path) {
    try (InputStream in = Sql.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("missing in the jar: " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Statement load(String name) {
    String text = COMMENT.matcher(text(folder + "/" + name + ".sql")).replaceAll("").strip();
    List<String> parameters = new ArrayList<>();
    Matcher matcher = PARAMETER.matcher(text);
    while (matcher.find()) {
      parameters.add(matcher.group(1));
    }
    return new Statement(matcher.replaceAll("?"), List.copyOf(parameters));
  }

  private record Statement(String text, List<String> parameters) {}

  /** A statement that is about to be run once. */
  static final class Asked implements AutoCloseable {
    private final Statement statement;
    private final PreparedStatement prepared;
    private final Set<String> unset;

    private Asked(Statement statement, PreparedStatement prepared) {
      this.statement = statement;
      this.prepared = prepared;
      this.unset = new TreeSet<>(statement.parameters());
    }

    /** Sets a parameter wherever the statement mentions it. */
    Asked with(String parameter, @Nullable Object value) throws SQLException {
      if (unset.remove(parameter)) {
        Object bound = value instanceof Many many ? many.in(prepared.getConnection()) : value;
        for (int i = 0; i < statement.parameters().size(); i++) {
          if (statement.parameters().get(i).equals(parameter)) {
            prepared.setObject(i + 1, bound);
          }
        }
      }
      return this;
    }

    ResultSet query() throws SQLException {
      requireAllSet();
      return prepared.executeQuery();
    }

    int update() throws SQLException {
      requireAllSet();
      return prepared.executeUpdate();
    }

    @Override
    public void close() throws SQLException {
      prepared.close();
    }

    private void requireAllSet() {
      if (!unset.isEmpty()) {
        throw new IllegalStateException("parameters without a value: " + unset);
      }
    }
  }

  /** An array parameter. */
  static final class Many {
    private final String type;
    private final @Nullable Object[] elements;

    /**
     * Takes the elements, any of which may be null.
     *
     * @param type the database's name for the type of an element
     */
    Many(String type, @Nullable Object[] elements) {
      this.type = type;
      this.elements = elements;
    }

    private Object in(Connection connection) throws SQLException {
      return connection.createArrayOf(type, elements);
    }
  }
}
