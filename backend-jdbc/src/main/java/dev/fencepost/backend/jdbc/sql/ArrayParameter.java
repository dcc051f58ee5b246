package dev.fencepost.backend.jdbc.sql;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A parameter with several elements of one type. */
public final class ArrayParameter {

  /** The type of the elements. */
  enum ElementType {
    BYTES,
    TEXT,
    NUMBER
  }

  private final ElementType type;
  private final @Nullable Object[] elements;

  private ArrayParameter(ElementType type, @Nullable Object[] elements) {
    this.type = type;
    this.elements = elements;
  }

  /** An array of byte strings. */
  public static ArrayParameter bytes(List<byte[]> elements) {
    return new ArrayParameter(ElementType.BYTES, elements.toArray(byte[][]::new));
  }

  /** An array with one text of each item; a text may be null. */
  static <T> ArrayParameter texts(List<T> all, Function<T, @Nullable String> text) {
    @Nullable String[] elements = new String[all.size()];
    Arrays.setAll(elements, i -> text.apply(all.get(i)));
    return new ArrayParameter(ElementType.TEXT, elements);
  }

  /** An array with one number of each item; a number may be null. */
  static <T> ArrayParameter numbers(List<T> all, Function<T, @Nullable Long> number) {
    @Nullable Long[] elements = new Long[all.size()];
    Arrays.setAll(elements, i -> number.apply(all.get(i)));
    return new ArrayParameter(ElementType.NUMBER, elements);
  }

  ElementType type() {
    return type;
  }

  @Nullable Object[] elements() {
    return elements;
  }

  int size() {
    return elements.length;
  }

  @Nullable Object get(int i) {
    return elements[i];
  }
}
