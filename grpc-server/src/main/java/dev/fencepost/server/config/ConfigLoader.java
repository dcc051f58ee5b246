package dev.fencepost.server.config;

import static java.util.Objects.requireNonNullElse;

import dev.fencepost.core.AcquireCommand;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.config.ServerConfig.Connections;
import dev.fencepost.server.config.ServerConfig.Endpoints;
import dev.fencepost.server.config.ServerConfig.Leases;
import dev.fencepost.server.config.ServerConfig.Limits;
import dev.fencepost.server.config.ServerConfig.Log;
import dev.fencepost.server.service.LimitSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes a {@link ServerConfig} of what the sources say. */
final class ConfigLoader {
  private static final int MOST_CALLS = 10_000_000;
  private static final int KIB = 1024;
  private static final int PERCENT = 100;

  /** gRPC would silently make 10 s of anything less. */
  private static final Duration LEAST_KEEP_ALIVE = Duration.ofSeconds(10);

  private final SettingsReader settings;

  private ConfigLoader(SettingsReader settings) {
    this.settings = settings;
  }

  static ServerConfig load(Map<String, String> flags, Map<String, String> environment) {
    List<LocatedSource> sources = new ArrayList<>();
    sources.add(new Flags(flags));
    sources.add(new Variables(environment));
    String file =
        flags.getOrDefault(
            Key.CONFIG, requireNonNullElse(environment.get(Key.variable(Key.CONFIG)), ""));
    if (!file.isEmpty()) {
      sources.add(YamlFile.read(Path.of(file)));
    }
    SettingsReader settings = new SettingsReader(sources);
    ServerConfig config = new ConfigLoader(settings).read();
    settings.requireValid();
    return config;
  }

  private ServerConfig read() {
    return new ServerConfig(
        store(),
        endpoints(),
        leases(),
        limits(),
        connections(),
        new Log(
            settings.choice(Key.LOG_FORMAT, Log.Format.class),
            settings.choice(Key.LOG_LEVEL, Log.Level.class)),
        settings.duration(Key.DRAIN_TIMEOUT, Duration.ZERO, Duration.ofHours(24)),
        settings.yesNo(Key.REFLECTION));
  }

  private StoreSettings store() {
    return new StoreSettings(
        settings.text(Key.STORE),
        settings.duration(Key.STORE_CALL_TIMEOUT, Duration.ofMillis(100), Duration.ofMinutes(1)),
        settings.group(Key.STORE_OPTIONS));
  }

  private Endpoints endpoints() {
    return new Endpoints(
        settings.read(Key.LISTEN, text -> HostPort.parse(Key.LISTEN.text(), text)),
        optionalAddress(Key.HTTP_LISTEN, "off"),
        optionalAddress(Key.ADVERTISE, ""));
  }

  private Optional<HostPort> optionalAddress(Key key, String none) {
    return settings.read(
        key,
        text ->
            text.equals(none) ? Optional.empty() : Optional.of(HostPort.parse(key.text(), text)));
  }

  private Leases leases() {
    Duration most = settings.duration(Key.LEASE_MAX_TTL, Lease.MIN_TTL, Lease.MAX_TTL);
    Duration usual = settings.duration(Key.LEASE_DEFAULT_TTL, Lease.MIN_TTL, Lease.MAX_TTL);
    if (usual.compareTo(most) > 0) {
      settings.reject(
          Key.LEASE_DEFAULT_TTL,
          "at most " + Key.LEASE_MAX_TTL.text() + ", which is " + DurationFormat.print(most));
    }
    Duration wait = settings.duration(Key.LIMITS_MAX_WAIT, Duration.ZERO, AcquireCommand.MAX_WAIT);
    return new Leases(usual, most, wait);
  }

  private Limits limits() {
    LimitSettings clients = clients();
    long bytes = clients.waitingBytes();
    return new Limits(
        new CoordinatorSettings(
            settings.number(Key.LIMITS_HAND_OVERS_IN_A_ROW, 1, 10_000),
            settings.number(Key.LIMITS_WAITERS_PER_LOCK, 1, MOST_CALLS),
            new CoordinatorSettings.Most(
                settings.number(Key.LIMITS_WAITERS_PER_CLIENT, 1, MOST_CALLS),
                clients.partOf(bytes)),
            new CoordinatorSettings.Most(settings.number(Key.LIMITS_WAITERS, 1, MOST_CALLS), bytes),
            CoordinatorSettings.DEFAULT.pollInterval()),
        clients,
        settings.number(Key.LIMITS_CALLS_PER_CONNECTION, 1, 1_000_000),
        settings.number(Key.LIMITS_MESSAGE_BYTES, 8 * KIB, 4 * KIB * KIB),
        settings.number(Key.LIMITS_SESSION_OPERATIONS, 1000, MOST_CALLS));
  }

  private LimitSettings clients() {
    long heap = Runtime.getRuntime().maxMemory();
    return new LimitSettings(
        settings.number(Key.LIMITS_OPEN_CALLS, 1, MOST_CALLS),
        settings.number(Key.LIMITS_OPEN_RENEWALS, 1, MOST_CALLS),
        settings.number(Key.LIMITS_SESSIONS, 1, MOST_CALLS),
        settings.number(Key.LIMITS_WATCHED_NAMES, 1, MOST_CALLS),
        settings.number(Key.LIMITS_LOCKS, 1, MOST_CALLS),
        heap / PERCENT * settings.number(Key.LIMITS_MEMORY_PERCENT, 10, 80),
        settings.number(Key.LIMITS_CLIENT_PERCENT, 1, PERCENT));
  }

  private Connections connections() {
    Duration second = Duration.ofSeconds(1);
    Duration hour = Duration.ofHours(1);
    Duration month = Duration.ofDays(30);
    return new Connections(
        settings.duration(Key.CONNECTION_KEEP_ALIVE, LEAST_KEEP_ALIVE, hour),
        settings.duration(Key.CONNECTION_KEEP_ALIVE_TIMEOUT, second, hour),
        settings.optionalDuration(Key.CONNECTION_MAX_AGE, second, month),
        settings.optionalDuration(Key.CONNECTION_MAX_AGE_GRACE, second, month));
  }
}
