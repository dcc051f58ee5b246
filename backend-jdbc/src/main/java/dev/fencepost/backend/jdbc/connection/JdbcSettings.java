package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.tls.StoreLogin;
import dev.fencepost.lock.tls.StoreTls;
import java.time.Duration;
import java.util.Optional;

/**
 * The checked settings of the store.
 *
 * @param callTimeout longest duration of one call
 * @param acquireConnections connections for acquires
 * @param ownerConnections connections for hand-overs, renewals and releases
 * @param readConnections connections for everything else
 * @param batchSize most commands in one statement
 * @param queue most calls that wait, in each of the three queues
 * @param purgeAfter how long a free lock's row is kept
 * @param markRetention how long an unused fence mark is kept
 * @param login user and password, where they are not in the URI
 * @param tls how the database is connected to; empty for what the URI says
 */
public record JdbcSettings(
    Duration callTimeout,
    int acquireConnections,
    int ownerConnections,
    int readConnections,
    int batchSize,
    int queue,
    Duration purgeAfter,
    Duration markRetention,
    StoreLogin login,
    Optional<StoreTls> tls) {

  /** Reads the options; an option that is unknown or out of range is refused by name. */
  public static JdbcSettings of(StoreSettings settings) {
    StoreOptions options = new StoreOptions(settings);
    JdbcSettings read =
        new JdbcSettings(
            settings.callTimeout(),
            options.number("acquire-connections", 1, 32).orElse(2),
            options.number("owner-connections", 1, 32).orElse(2),
            options.number("read-connections", 1, 32).orElse(1),
            options.number("batch-size", 1, 1000).orElse(100),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.retention("purge-after", Duration.ofMinutes(1)).orElse(Duration.ofDays(1)),
            options.retention("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
            StoreLogin.read(options),
            StoreTls.read(options));
    options.requireAllKnown();
    return read;
  }
}
