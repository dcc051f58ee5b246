package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.HumanDuration;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The store settings, checked.
 *
 * @param callTimeout longest time of one call
 * @param acquireConnections connections for acquires
 * @param ownerConnections connections for hand-overs, renewals and releases
 * @param readConnections connections for everything else
 * @param batchSize most locks in one statement
 * @param queue most calls that wait in each of the three queues
 * @param purgeAfter how long a free lock's row is kept
 * @param markRetention how long an unused fence mark is kept
 * @param user database user, if not in the URI
 * @param password database password, if not in the URI
 */
record JdbcSettings(
    Duration callTimeout,
    int acquireConnections,
    int ownerConnections,
    int readConnections,
    int batchSize,
    int queue,
    Duration purgeAfter,
    Duration markRetention,
    Optional<String> user,
    Optional<String> password) {

  private static final Duration LEAST_CALL_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MOST_CALL_TIMEOUT = Duration.ofMinutes(1);

  /** Reads the options; any that is unknown or out of its range is refused by name. */
  static JdbcSettings of(StoreSettings settings) {
    Options options = new Options(settings.options());
    JdbcSettings read =
        new JdbcSettings(
            callTimeout(settings),
            options.number("acquire-connections", 1, 32).orElse(2),
            options.number("owner-connections", 1, 32).orElse(2),
            options.number("read-connections", 1, 32).orElse(1),
            options.number("batch-size", 1, 1000).orElse(100),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.duration("purge-after", Duration.ofMinutes(1)).orElse(Duration.ofDays(1)),
            options.duration("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
            options.text("user"),
            options.text("password"));
    options.requireAllKnown();
    return read;
  }

  /** The same, with free locks forgotten as soon as they are seen. */
  JdbcSettings withPurgeAtOnce() {
    return new JdbcSettings(
        callTimeout,
        acquireConnections,
        ownerConnections,
        readConnections,
        batchSize,
        queue,
        Duration.ZERO,
        markRetention,
        user,
        password);
  }

  private static Duration callTimeout(StoreSettings settings) {
    Duration timeout = settings.callTimeout();
    if (timeout.compareTo(LEAST_CALL_TIMEOUT) < 0 || timeout.compareTo(MOST_CALL_TIMEOUT) > 0) {
      throw new StoreConfigurationException(
          "store call timeout: " + HumanDuration.print(timeout) + " (expected: 100ms–1m)");
    }
    return timeout;
  }

  /** Options by name, each taken once. */
  private static final class Options {
    private final Map<String, String> left;

    Options(Map<String, String> given) {
      left = new HashMap<>(given);
    }

    Optional<String> text(String name) {
      return Optional.ofNullable(left.remove(name));
    }

    Optional<Integer> number(String name, int least, int most) {
      return text(name).map(text -> number(name, text, least, most));
    }

    Optional<Duration> duration(String name, Duration least) {
      return text(name).map(text -> duration(name, text, least));
    }

    void requireAllKnown() {
      left.keySet().stream()
          .sorted()
          .findFirst()
          .ifPresent(
              name -> {
                throw new StoreConfigurationException(
                    "store option "
                        + name
                        + ": unknown (expected: acquire-connections, owner-connections,"
                        + " read-connections, batch-size, queue, purge-after, mark-retention,"
                        + " user or password)");
              });
    }

    private static int number(String name, String text, int least, int most) {
      try {
        int number = Integer.parseInt(text);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw new StoreConfigurationException(refusal(name, text, least + "–" + most), e);
      }
      throw new StoreConfigurationException(refusal(name, text, least + "–" + most));
    }

    private static Duration duration(String name, String text, Duration least) {
      try {
        Duration duration = HumanDuration.parse(name, text);
        if (duration.compareTo(least) >= 0) {
          return duration;
        }
      } catch (InvalidValueException e) {
        throw new StoreConfigurationException("store option " + e.getMessage(), e);
      }
      throw new StoreConfigurationException(
          refusal(name, text, HumanDuration.print(least) + " or more"));
    }

    private static String refusal(String name, String text, String expected) {
      return "store option " + name + ": " + text + " (expected: " + expected + ")";
    }
  }
}
