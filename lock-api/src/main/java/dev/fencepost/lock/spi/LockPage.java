package dev.fencepost.lock.spi;

import dev.fencepost.lock.LockState;
import java.util.List;
import java.util.Optional;

/**
 * A page of locks; it may be shorter than asked without being the last. *
 *
 * @param locks in no promised order; a lock held throughout the listing appears in one of its pages
 * @param next the cursor of the next page; empty at the end
 */
public record LockPage(List<LockState> locks, Optional<ListQuery.Cursor> next) {
  /** Copies the list. */
  public LockPage {
    locks = List.copyOf(locks);
  }
}
