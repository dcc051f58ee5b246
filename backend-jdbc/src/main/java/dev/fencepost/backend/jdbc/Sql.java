package dev.fencepost.backend.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The statements of one kind of database, read from resource files; {@link SqlText} says how they
 * are written. A statement takes the parameters that it mentions and leaves the others, so that one
 * piece of Java serves two databases of which only one needs to be told the time.
 *
 * <p>A file that begins with {@code START TRANSACTION} holds several statements, which travel
 * together and of which at most one has rows. When one fails, the transaction is rolled back.
 */
final class Sql {

  /** Of what the elements of an array parameter are. */
  enum Element {
    BYTES,
    TEXT,
    NUMBER
  }

  private final String folder;
  private final Map<Element, String> arrayTypes;
  private final Map<String, SqlText> texts = new ConcurrentHashMap<>();

  /**
   * The statements in a folder beside this class.
   *
   * @param arrayTypes the database's names for the types of elements, if it has arrays
   */
  Sql(String folder, Map<Element, String> arrayTypes) {
    this.folder = folder;
    this.arrayTypes = Map.copyOf(arrayTypes);
  }

  /** The statement of that name, ready to take its parameters. */
  Asked ask(Connection connection, String name) {
    return new Asked(connection, texts.computeIfAbsent(name, this::load));
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

  private SqlText load(String name) {
    return SqlText.parse(text(folder + "/" + name + ".sql"));
  }

  /** A statement that is about to be run once. */
  final class Asked implements AutoCloseable {
    private final Connection connection;
    private final SqlText text;
    private final Map<String, @Nullable Object> values = new HashMap<>();
    private @Nullable PreparedStatement prepared;

    private Asked(Connection connection, SqlText text) {
      this.connection = connection;
      this.text = text;
    }

    /** Sets a parameter wherever the statement mentions it. */
    Asked with(String parameter, @Nullable Object value) {
      if (text.parameters().contains(parameter)) {
        values.put(parameter, value);
      }
      return this;
    }

    /** Runs it; answers its rows. */
    ResultSet query() throws SQLException {
      PreparedStatement running = run();
      boolean hasRows = running.getUpdateCount() == -1;
      while (!hasRows) {
        hasRows = running.getMoreResults();
        if (!hasRows && running.getUpdateCount() == -1) {
          throw new IllegalStateException("a query without rows");
        }
      }
      return running.getResultSet();
    }

    /** Runs it; whoever wants to know what it changed asks for that. */
    void update() throws SQLException {
      run();
    }

    @Override
    public void close() throws SQLException {
      if (prepared != null) {
        prepared.close();
      }
    }

    private PreparedStatement run() throws SQLException {
      if (values.size() < text.parameters().size()) {
        TreeSet<String> unset = new TreeSet<>(text.parameters());
        unset.removeAll(values.keySet());
        throw new IllegalStateException("parameters without a value: " + unset);
      }
      SqlText.Filled filled = text.fill(values);
      PreparedStatement running = connection.prepareStatement(filled.text());
      prepared = running;
      List<@Nullable Object> arguments = filled.arguments();
      for (int i = 0; i < arguments.size(); i++) {
        Object argument = arguments.get(i);
        running.setObject(i + 1, argument instanceof Many many ? array(many) : argument);
      }
      try {
        running.execute();
        return running;
      } catch (SQLException e) {
        if (text.isTransaction()) {
          rollBack(e);
        }
        throw e;
      }
    }

    private Object array(Many many) throws SQLException {
      String type = arrayTypes.get(many.element);
      if (type == null) {
        throw new IllegalStateException("this database has no arrays");
      }
      return connection.createArrayOf(type, many.elements);
    }

    /** A statement that timed out leaves the rows locked that those before it had locked. */
    private void rollBack(SQLException cause) {
      if (Trouble.of(cause) == Trouble.UNREACHABLE) {
        return;
      }
      try (Statement statement = connection.createStatement()) {
        statement.execute("ROLLBACK");
      } catch (SQLException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /** An array parameter. */
  static final class Many {
    private final Element element;
    private final @Nullable Object[] elements;

    private Many(Element element, @Nullable Object[] elements) {
      this.element = element;
      this.elements = elements;
    }

    /** An array of byte strings. */
    static Many bytes(List<byte[]> elements) {
      return new Many(Element.BYTES, elements.toArray(byte[][]::new));
    }

    /** One text of each of them; any may be null. */
    static <T> Many texts(List<T> all, Function<T, @Nullable String> text) {
      @Nullable String[] elements = new String[all.size()];
      Arrays.setAll(elements, i -> text.apply(all.get(i)));
      return new Many(Element.TEXT, elements);
    }

    /** One number of each of them; any may be null. */
    static <T> Many numbers(List<T> all, Function<T, @Nullable Long> number) {
      @Nullable Long[] elements = new Long[all.size()];
      Arrays.setAll(elements, i -> number.apply(all.get(i)));
      return new Many(Element.NUMBER, elements);
    }

    int size() {
      return elements.length;
    }

    @Nullable Object get(int i) {
      return elements[i];
    }
  }
}
