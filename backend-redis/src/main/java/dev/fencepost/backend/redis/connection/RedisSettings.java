package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.tls.StoreLogin;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The store settings, checked.
 *
 * @param callTimeout longest time of one call
 * @param keyPrefix prefix of all keys and channels
 * @param inFlight most requests in flight, for each of the three gates
 * @param queue most queued calls, for each of the three gates
 * @param markRetention how long an unused fence mark is kept
 * @param login user and passwords, if not in the URI
 * @param tls what the options say about TLS
 */
public record RedisSettings(
    Duration callTimeout,
    String keyPrefix,
    int inFlight,
    int queue,
    Duration markRetention,
    Login login,
    RedisTls.Options tls) {

  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

  /** The login at the servers, and the password for the sentinels. */
  record Login(StoreLogin servers, Optional<String> sentinelPassword) {

    /** Shows none of them. */
    @Override
    public String toString() {
      return "Login[]";
    }
  }

  /** Reads the options. An option that is unknown or out of its range is refused by name. */
  public static RedisSettings of(StoreSettings settings) {
    StoreOptions options = new StoreOptions(settings);
    RedisSettings read =
        new RedisSettings(
            settings.callTimeout(),
            prefix(options.text("key-prefix").orElse("fp")),
            options.number("in-flight", RedisSchema.BUCKETS, 100_000).orElse(4096),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.retention("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
            new Login(StoreLogin.read(options), options.text("sentinel-password")),
            RedisTls.read(options));
    options.requireAllKnown();
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
