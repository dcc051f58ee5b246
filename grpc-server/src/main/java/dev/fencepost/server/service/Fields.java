package dev.fencepost.server.service;

import dev.fencepost.lock.InvalidValueException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the fields of one request and remembers every bad one. Not thread-safe. */
final class Fields {
  private final List<InvalidValueException> faults = new ArrayList<>();

  /** A field that was read; it has a value once {@link Fields#requireValid} has passed. */
  static final class Field<T> {
    private final @Nullable T value;

    private Field(@Nullable T value) {
      this.value = value;
    }

    T value() {
      if (value == null) {
        throw new IllegalStateException("a bad field was used");
      }
      return value;
    }
  }

  /** Reads a field; what is wrong with it is reported under its path in the request. */
  <T> Field<T> read(String path, Supplier<T> maker) {
    try {
      return new Field<>(maker.get());
    } catch (InvalidValueException e) {
      faults.add(e.at(path));
      return new Field<>(null);
    }
  }

  /**
   * Ends the reading.
   *
   * @throws InvalidRequestException with every bad field
   */
  void requireValid() {
    if (!faults.isEmpty()) {
      throw new InvalidRequestException(faults);
    }
  }
}
