package dev.fencepost.backend.jdbc;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statement's text. Parameters are written {@code :name}. What stands in braces is repeated, with
 * commas between, once for each element of the array parameters in it, whose elements it takes one
 * by one; for empty arrays it is {@code NULL}. An array parameter outside of braces is one
 * argument.
 */
final class SqlText {
  private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-z_]+)");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  private final List<Piece> pieces;
  private final Set<String> parameters = new LinkedHashSet<>();
  private final boolean isTransaction;

  private SqlText(List<Piece> pieces, boolean isTransaction) {
    this.pieces = pieces;
    this.isTransaction = isTransaction;
    pieces.forEach(piece -> parameters.addAll(piece.parameters()));
  }

  private record Piece(String text, List<String> parameters, boolean isRepeated) {}

  /**
   * What goes to the driver.
   *
   * @param arguments for the question marks, in order
   */
  record Filled(String text, List<@Nullable Object> arguments) {}

  static SqlText parse(String source) {
    String text = COMMENT.matcher(source).replaceAll("").strip();
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', at)) {
      int close = text.indexOf('}', open);
      if (close < 0) {
        throw new IllegalArgumentException("a brace that is not closed: " + text);
      }
      pieces.add(piece(text.substring(at, open), false));
      pieces.add(piece(text.substring(open + 1, close), true));
      at = close + 1;
    }
    pieces.add(piece(text.substring(at), false));
    return new SqlText(List.copyOf(pieces), text.startsWith("START TRANSACTION"));
  }

  /** The names of the parameters that it mentions. */
  Set<String> parameters() {
    return parameters;
  }

  /** Whether it is several statements that are one transaction. */
  boolean isTransaction() {
    return isTransaction;
  }

  /** The text and its arguments; every parameter has a value. */
  Filled fill(Map<String, @Nullable Object> values) {
    StringBuilder text = new StringBuilder();
    List<@Nullable Object> arguments = new ArrayList<>();
    for (Piece piece : pieces) {
      if (piece.isRepeated()) {
        repeat(piece, values, text, arguments);
      } else {
        text.append(piece.text());
        piece.parameters().forEach(name -> arguments.add(values.get(name)));
      }
    }
    return new Filled(text.toString(), arguments);
  }

  private static void repeat(
      Piece piece,
      Map<String, @Nullable Object> values,
      StringBuilder text,
      List<@Nullable Object> arguments) {
    int count = count(piece, values);
    text.append(count == 0 ? "NULL" : piece.text());
    for (int i = 1; i < count; i++) {
      text.append(", ").append(piece.text());
    }
    for (int i = 0; i < count; i++) {
      for (String name : piece.parameters()) {
        Object value = values.get(name);
        arguments.add(value instanceof Sql.Many many ? many.get(i) : value);
      }
    }
  }

  private static int count(Piece piece, Map<String, @Nullable Object> values) {
    return piece.parameters().stream()
        .map(values::get)
        .filter(Sql.Many.class::isInstance)
        .mapToInt(value -> ((Sql.Many) value).size())
        .reduce(
            (one, other) -> {
              if (one != other) {
                throw new IllegalArgumentException("arrays of different lengths");
              }
              return one;
            })
        .orElseThrow(() -> new IllegalArgumentException("nothing to repeat: " + piece.text()));
  }

  private static Piece piece(String text, boolean isRepeated) {
    Matcher matcher = PARAMETER.matcher(text);
    List<String> parameters = new ArrayList<>();
    while (matcher.find()) {
      parameters.add(matcher.group(1));
    }
    return new Piece(matcher.replaceAll("?"), List.copyOf(parameters), isRepeated);
  }
}
