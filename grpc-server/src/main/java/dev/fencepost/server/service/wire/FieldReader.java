package dev.fencepost.server.service.wire;

import dev.fencepost.lock.InvalidValueException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the fields of one request and collects all invalid ones. Not thread-safe. */
public final class FieldReader {
  private final List<InvalidValueException> faults = new ArrayList<>();

  /** A field that was read. It has a value once {@link FieldReader#requireValid} has passed. */
  public static final class Field<T> {
    private final @Nullable T value;

    private Field(@Nullable T value) {
      this.value = value;
    }

    public T value() {
      if (value == null) {
        throw new IllegalStateException("an invalid field was used");
      }
      return value;
    }
  }

  /** Reads a field. Its fault, if any, is reported under its path in the request. */
  public <T> Field<T> read(String path, Supplier<T> maker) {
    try {
      return new Field<>(maker.get());
    } catch (InvalidValueException e) {
      faults.add(e.at(path));
      return new Field<>(null);
    }
  }

  /**
   * Checks that all fields were valid.
   *
   * @throws InvalidRequestException with every invalid field
   */
  public void requireValid() {
    if (!faults.isEmpty()) {
      throw new InvalidRequestException(faults);
    }
  }
}
