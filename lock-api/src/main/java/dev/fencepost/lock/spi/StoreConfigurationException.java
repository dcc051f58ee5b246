package dev.fencepost.lock.spi;

/**
 * The store, or a setting of it, cannot keep the contract. The message names the problem and its
 * remedy, for the operator. A retry does not help.
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
