package dev.fencepost.backend.jdbc.sql;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A parameter with several elements of one type. */
public final class ArrayParameter {
  private final String type;
  private final @Nullable Object[] elements;

  private ArrayParameter(String type, @Nullable Object[] elements) {
    this.type = type;
    this.elements = elements;
  }

  /** An array of byte strings. */
  public static ArrayParameter bytes(List<byte[]> elements) {
    return bytes(elements, each -> each);
  }

  /** An array with one byte string of each item. */
  static <T> ArrayParameter bytes(List<T> all, Function<T, byte[]> bytes) {
    return new ArrayParameter("bytea", all.stream().map(bytes).toArray(byte[][]::new));
  }

  /** An array with one text of each item; a text may be null. */
  static <T> ArrayParameter texts(List<T> all, Function<T, @Nullable String> text) {
    @Nullable String[] elements = new String[all.size()];
    Arrays.setAll(elements, i -> text.apply(all.get(i)));
    return new ArrayParameter("text", elements);
  }

  /** An array with one number of each item; a number may be null. */
  static <T> ArrayParameter numbers(List<T> all, Function<T, @Nullable Long> number) {
    @Nullable Long[] elements = new Long[all.size()];
    Arrays.setAll(elements, i -> number.apply(all.get(i)));
    return new ArrayParameter("int8", elements);
  }

  /** PostgreSQL's name for the type of the elements; H2 needs none. */
  String type() {
    return type;
  }

  @Nullable Object[] elements() {
    return elements;
  }

  int size() {
    return elements.length;
  }
}
