package dev.fencepost.backend.jdbc.sql;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The text of a statement with named parameters, written {@code :name}. A part in braces is
 * repeated for each element of the array parameters in it, with commas in between; for empty arrays
 * it becomes {@code NULL}. An array parameter outside of braces is a single argument. Numbers in
 * braces are text, as in a regular expression.
 */
final class SqlTemplate {
  private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-z_]+)");
  private static final Pattern REPEATED = Pattern.compile("\\{(?![0-9,]+})");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  private final List<Part> parts;
  private final Set<String> parameters = new LinkedHashSet<>();
  private final boolean isTransaction;

  /** The text of a statement without repeated parts; one string, so that drivers find it fast. */
  private final @Nullable String constantText;

  private SqlTemplate(List<Part> parts, boolean isTransaction) {
    this.parts = parts;
    this.isTransaction = isTransaction;
    parts.forEach(part -> parameters.addAll(part.parameters()));
    this.constantText =
        parts.stream().anyMatch(Part::isRepeated)
            ? null
            : parts.stream().map(Part::text).collect(Collectors.joining());
  }

  private record Part(String text, List<String> parameters, boolean isRepeated) {}

  /**
   * A statement as the driver takes it.
   *
   * @param arguments for the question marks, in order
   */
  record Filled(String text, List<@Nullable Object> arguments) {}

  static SqlTemplate parse(String source) {
    String text = COMMENT.matcher(source).replaceAll("").strip();
    List<Part> parts = new ArrayList<>();
    int at = 0;
    for (Matcher begin = REPEATED.matcher(text); begin.find(at); ) {
      int open = begin.start();
      int close = text.indexOf('}', open);
      if (close < 0) {
        throw new IllegalArgumentException("a brace that is not closed: " + text);
      }
      parts.add(part(text.substring(at, open), false));
      parts.add(part(text.substring(open + 1, close), true));
      at = close + 1;
    }
    parts.add(part(text.substring(at), false));
    return new SqlTemplate(List.copyOf(parts), text.startsWith("START TRANSACTION"));
  }

  /** The names of all parameters in the text. */
  Set<String> parameters() {
    return parameters;
  }

  /** True for several statements that form one transaction. */
  boolean isTransaction() {
    return isTransaction;
  }

  /** Fills in the values; every parameter must have one. */
  Filled fill(Map<String, @Nullable Object> values) {
    StringBuilder text = new StringBuilder();
    List<@Nullable Object> arguments = new ArrayList<>();
    for (Part part : parts) {
      if (part.isRepeated()) {
        repeat(part, values, text, arguments);
      } else {
        if (constantText == null) {
          text.append(part.text());
        }
        part.parameters().forEach(name -> arguments.add(values.get(name)));
      }
    }
    return new Filled(constantText == null ? text.toString() : constantText, arguments);
  }

  private static void repeat(
      Part part,
      Map<String, @Nullable Object> values,
      StringBuilder text,
      List<@Nullable Object> arguments) {
    int count = count(part, values);
    text.append(count == 0 ? "NULL" : part.text());
    for (int i = 1; i < count; i++) {
      text.append(", ").append(part.text());
    }
    for (int i = 0; i < count; i++) {
      for (String name : part.parameters()) {
        Object value = values.get(name);
        arguments.add(value instanceof ArrayParameter array ? array.elements()[i] : value);
      }
    }
  }

  private static int count(Part part, Map<String, @Nullable Object> values) {
    return part.parameters().stream()
        .map(values::get)
        .filter(ArrayParameter.class::isInstance)
        .mapToInt(value -> ((ArrayParameter) value).size())
        .reduce(
            (one, other) -> {
              if (one != other) {
                throw new IllegalArgumentException("arrays of different lengths");
              }
              return one;
            })
        .orElseThrow(() -> new IllegalArgumentException("nothing to repeat: " + part.text()));
  }

  private static Part part(String text, boolean isRepeated) {
    Matcher matcher = PARAMETER.matcher(text);
    List<String> parameters = new ArrayList<>();
    while (matcher.find()) {
      parameters.add(matcher.group(1));
    }
    return new Part(matcher.replaceAll("?"), List.copyOf(parameters), isRepeated);
  }
}
