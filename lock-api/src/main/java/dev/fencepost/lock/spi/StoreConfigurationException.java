package dev.fencepost.lock.spi;

/**
 * The store, or the setting that names it, is not fit to keep the contract. The message says what
 * is wrong and what to do about it, and is for the operator's eyes; trying again does not help.
 */
public final class StoreConfigurationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Reports a fault with its remedy. */
  public StoreConfigurationException(String message) {
    super(message);
  }

  /** Reports a fault with its remedy and its cause. */
  public StoreConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
