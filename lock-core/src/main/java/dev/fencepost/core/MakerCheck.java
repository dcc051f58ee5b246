package dev.fencepost.core;

/**
 * Decides for a caller whether it may act for the principal that made a claim. Asked only when that
 * principal is not the one that the caller's command names. Thread-safe, and never blocks.
 */
@FunctionalInterface
public interface MakerCheck {

  /** Allows nobody else. */
  MakerCheck EXACT = recorded -> false;

  /**
   * Returns true if the caller may act for this principal now.
   *
   * @param recorded the principal on record; empty if the claim was made without one
   */
  boolean mayActFor(String recorded);
}
