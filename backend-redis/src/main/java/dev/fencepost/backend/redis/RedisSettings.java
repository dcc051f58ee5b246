package dev.fencepost.backend.redis;

import dev.fencepost.lock.HumanDuration;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The store settings, checked.
 *
 * @param callTimeout longest time of one call
 * @param keyPrefix with which all keys and channels begin
 * @param inFlight most questions under way, for each of the three kinds
 * @param queue most calls that wait, for each of the three kinds
 * @param markRetention how long an unused fence mark is kept
 * @param login user and passwords, if not in the URI
 * @param tls files for TLS
 */
record RedisSettings(
    Duration callTimeout,
    String keyPrefix,
    int inFlight,
    int queue,
    Duration markRetention,
    Login login,
    Tls tls) {

  private static final Duration LEAST_CALL_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MOST_CALL_TIMEOUT = Duration.ofMinutes(1);
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

  /** Who logs in, and how at the sentinels. */
  record Login(
      Optional<String> user, Optional<String> password, Optional<String> sentinelPassword) {

    /** Leaves everything out. */
    @Override
    public String toString() {
      return "Login[]";
    }
  }

  /** PEM files: whom to trust, and this server's own certificate. */
  record Tls(Optional<Path> caFile, Optional<Path> certFile, Optional<Path> keyFile) {}

  /** Reads the options; any that is unknown or out of its range is refused by name. */
  static RedisSettings of(StoreSettings settings) {
    Options options = new Options(settings.options());
    RedisSettings read =
        new RedisSettings(
            callTimeout(settings),
            prefix(options.text("key-prefix").orElse("fp")),
            options.number("in-flight", Keys.BUCKETS, 100_000).orElse(4096),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.duration("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
            new Login(
                options.text("user"), options.text("password"), options.text("sentinel-password")),
            new Tls(
                options.file("tls-ca-file"),
                options.file("tls-cert-file"),
                options.file("tls-key-file")));
    options.requireAllKnown();
    if (read.tls.certFile().isPresent() != read.tls.keyFile().isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-cert-file and tls-key-file: only one is set (expected: both or none)");
    }
    return read;
  }

  private static Duration callTimeout(StoreSettings settings) {
    Duration timeout = settings.callTimeout();
    if (timeout.compareTo(LEAST_CALL_TIMEOUT) < 0 || timeout.compareTo(MOST_CALL_TIMEOUT) > 0) {
      throw new StoreConfigurationException(
          "store call timeout: " + HumanDuration.print(timeout) + " (expected: 100ms–1m)");
    }
    return timeout;
  }

  private static String prefix(String text) {
    if (!PREFIX.matcher(text).matches()) {
      throw new StoreConfigurationException(
          "store option key-prefix: " + text + " (expected: 1–64 of [A-Za-z0-9_.-])");
    }
    return text;
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

    Optional<Path> file(String name) {
      Optional<Path> file = text(name).map(Path::of);
      if (file.filter(path -> !Files.isReadable(path)).isPresent()) {
        throw new StoreConfigurationException(
            refusal(name, file.orElseThrow().toString(), "a file that can be read"));
      }
      return file;
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
                        + ": unknown (expected: key-prefix, in-flight, queue, mark-retention, user,"
                        + " password, sentinel-password, tls-ca-file, tls-cert-file or"
                        + " tls-key-file)");
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
