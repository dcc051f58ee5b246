package dev.fencepost.lock.spi;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import java.time.Duration;
import java.util.Map;

/**
 * The connection settings of a store.
 *
 * @param uri the one setting that picks the store
 * @param callTimeout longest time that one call to the store may take; 100 ms – 1 min
 * @param options the backend's own settings, by the names that its documentation gives; an unknown
 *     one is refused
 */
public record StoreSettings(String uri, Duration callTimeout, Map<String, String> options) {
  /** Call timeout if none is set. */
  public static final Duration DEFAULT_CALL_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration LEAST_CALL_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MOST_CALL_TIMEOUT = Duration.ofMinutes(1);

  /**
   * Copies the options.
   *
   * @throws StoreConfigurationException if the call timeout is out of its range
   */
  public StoreSettings {
    try {
      Lease.requireBetween(
          "store call timeout", callTimeout, LEAST_CALL_TIMEOUT, MOST_CALL_TIMEOUT);
    } catch (InvalidValueException e) {
      throw new StoreConfigurationException(String.valueOf(e.getMessage()), e);
    }
    options = Map.copyOf(options);
  }

  /** The settings with nothing but a URI. */
  public static StoreSettings of(String uri) {
    return new StoreSettings(uri, DEFAULT_CALL_TIMEOUT, Map.of());
  }

  /** Leaves out the options and the URI: both may hold a password. */
  @Override
  public String toString() {
    return "StoreSettings[callTimeout=" + callTimeout + "]";
  }
}
