package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import java.nio.file.Path;
import java.time.Duration;
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
public record RedisSettings(
    Duration callTimeout,
    String keyPrefix,
    int inFlight,
    int queue,
    Duration markRetention,
    Login login,
    Tls tls) {

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
  public static RedisSettings of(StoreSettings settings) {
    StoreOptions options = new StoreOptions(settings);
    RedisSettings read =
        new RedisSettings(
            settings.callTimeout(),
            prefix(options.text("key-prefix").orElse("fp")),
            options.number("in-flight", RedisSchema.BUCKETS, 100_000).orElse(4096),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.retention("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
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

  private static String prefix(String text) {
    if (!PREFIX.matcher(text).matches()) {
      throw new StoreConfigurationException(
          "store option key-prefix: " + text + " (expected: 1–64 of [A-Za-z0-9_.-])");
    }
    return text;
  }
}
