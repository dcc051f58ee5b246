package dev.fencepost.lock.spi;

import dev.fencepost.lock.InvalidValueException;
import java.util.Optional;

/**
 * Asks for a page of locks. *
 *
 * @param prefix plain text with which the names begin; empty is all
 * @param after the cursor of the page before; empty starts
 * @param limit most locks in the page, 1–1,000
 */
public record ListQuery(String prefix, Optional<Cursor> after, int limit) {
  /** Largest page. */
  public static final int MAX_LIMIT = 1000;

  /** Checks the limit. */
  public ListQuery {
    if (limit < 1 || limit > MAX_LIMIT) {
      throw InvalidValueException.of("page_size", limit, "1–" + MAX_LIMIT);
    }
  }

  /**
   * A cursor in a listing, written by the backend that reads it again. A backend refuses a cursor
   * that it cannot have written with {@link InvalidValueException}.
   *
   * @param opaque the backend's own text
   */
  public record Cursor(String opaque) {}
}
