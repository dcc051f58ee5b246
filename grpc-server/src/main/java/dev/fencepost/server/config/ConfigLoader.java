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
import dev.fencepost.server.service.limit.LimitSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Loads a {@link ServerConfig} from flags, the environment and a YAML file. */
final class ConfigLoader {
  private static final int MAX_COUNT = 10_000_000;
  private static final int KIB = 1024;
  private static final int MIB = 1024 * KIB;
  private static final int PERCENT = 100;

  /** gRPC silently raises shorter times to 10 s. */
  private static final Duration LEAST_KEEP_ALIVE = Duration.ofSeconds(10);

  private final SettingsReader settings;

  private ConfigLoader(SettingsReader settings) {
    this.settings = settings;
  }

  static ServerConfig load(Map<String, String> flags, Map<String, String> environment) {
    List<LocatedSource> sources = new ArrayList<>();
    sources.add(new FlagSource(flags));
    sources.add(new EnvironmentSource(environment));
    String file =
        flags.getOrDefault(
            ConfigKey.CONFIG,
            requireNonNullElse(environment.get(ConfigKey.variable(ConfigKey.CONFIG)), ""));
    if (!file.isEmpty()) {
      sources.add(YamlFileSource.read(Path.of(file)));
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
        new TlsReader(settings).read(),
        new AccessReader(settings).read(),
        new AuditSettings(
            settings.file(ConfigKey.AUDIT_FILE),
            settings.number(ConfigKey.AUDIT_MAX_BYTES, MIB, Integer.MAX_VALUE),
            settings.number(ConfigKey.AUDIT_KEEP, 1, 1000),
            settings.choice(ConfigKey.AUDIT_GRANTS, AuditSettings.Grants.class)),
        leases(),
        limits(),
        connections(),
        new Log(
            settings.choice(ConfigKey.LOG_FORMAT, Log.Format.class),
            settings.choice(ConfigKey.LOG_LEVEL, Log.Level.class)),
        settings.duration(ConfigKey.DRAIN_TIMEOUT, Duration.ZERO, Duration.ofHours(24)),
        settings.yesNo(ConfigKey.REFLECTION));
  }

  private StoreSettings store() {
    return new StoreSettings(
        settings.text(ConfigKey.STORE),
        settings.duration(
            ConfigKey.STORE_CALL_TIMEOUT, Duration.ofMillis(100), Duration.ofMinutes(1)),
        settings.group(ConfigKey.STORE_OPTIONS));
  }

  private Endpoints endpoints() {
    return new Endpoints(
        settings.read(ConfigKey.LISTEN, text -> HostPort.parse(ConfigKey.LISTEN.text(), text)),
        optionalAddress(ConfigKey.HTTP_LISTEN, "off"),
        optionalAddress(ConfigKey.ADVERTISE, ""),
        optionalAddress(ConfigKey.PLAIN_LISTEN, "off"));
  }

  private Optional<HostPort> optionalAddress(ConfigKey key, String none) {
    return settings.read(
        key,
        text ->
            text.equals(none) ? Optional.empty() : Optional.of(HostPort.parse(key.text(), text)));
  }

  private Leases leases() {
    Duration maxTtl = settings.duration(ConfigKey.LEASE_MAX_TTL, Lease.MIN_TTL, Lease.MAX_TTL);
    Duration defaultTtl =
        settings.duration(ConfigKey.LEASE_DEFAULT_TTL, Lease.MIN_TTL, Lease.MAX_TTL);
    if (defaultTtl.compareTo(maxTtl) > 0) {
      settings.reject(
          ConfigKey.LEASE_DEFAULT_TTL,
          "at most "
              + ConfigKey.LEASE_MAX_TTL.text()
              + ", which is "
              + DurationFormat.print(maxTtl));
    }
    Duration wait =
        settings.duration(ConfigKey.LIMITS_MAX_WAIT, Duration.ZERO, AcquireCommand.MAX_WAIT);
    return new Leases(defaultTtl, maxTtl, wait);
  }

  private Limits limits() {
    LimitSettings clients = clients();
    long bytes = clients.waitingBytes();
    return new Limits(
        new CoordinatorSettings(
            settings.number(ConfigKey.LIMITS_HAND_OVERS_IN_A_ROW, 1, 10_000),
            settings.number(ConfigKey.LIMITS_WAITERS_PER_LOCK, 1, MAX_COUNT),
            new CoordinatorSettings.Most(
                settings.number(ConfigKey.LIMITS_WAITERS_PER_CLIENT, 1, MAX_COUNT),
                clients.partOf(bytes)),
            new CoordinatorSettings.Most(
                settings.number(ConfigKey.LIMITS_WAITERS, 1, MAX_COUNT), bytes),
            CoordinatorSettings.DEFAULT.pollInterval()),
        clients,
        settings.number(ConfigKey.LIMITS_CALLS_PER_CONNECTION, 1, 1_000_000),
        settings.number(ConfigKey.LIMITS_MESSAGE_BYTES, 8 * KIB, 4 * KIB * KIB),
        settings.number(ConfigKey.LIMITS_SESSION_OPERATIONS, 1000, MAX_COUNT));
  }

  private LimitSettings clients() {
    long heap = Runtime.getRuntime().maxMemory();
    return new LimitSettings(
        settings.number(ConfigKey.LIMITS_OPEN_CALLS, 1, MAX_COUNT),
        settings.number(ConfigKey.LIMITS_OPEN_RENEWALS, 1, MAX_COUNT),
        settings.number(ConfigKey.LIMITS_SESSIONS, 1, MAX_COUNT),
        settings.number(ConfigKey.LIMITS_WATCHED_NAMES, 1, MAX_COUNT),
        settings.number(ConfigKey.LIMITS_LOCKS, 1, MAX_COUNT),
        settings.number(ConfigKey.LIMITS_CONNECTIONS, 1, 1_000_000),
        heap / PERCENT * settings.number(ConfigKey.LIMITS_MEMORY_PERCENT, 10, 80),
        settings.number(ConfigKey.LIMITS_CLIENT_PERCENT, 1, PERCENT));
  }

  private Connections connections() {
    Duration second = Duration.ofSeconds(1);
    Duration hour = Duration.ofHours(1);
    Duration month = Duration.ofDays(30);
    return new Connections(
        settings.duration(ConfigKey.CONNECTION_KEEP_ALIVE, LEAST_KEEP_ALIVE, hour),
        settings.duration(ConfigKey.CONNECTION_KEEP_ALIVE_TIMEOUT, second, hour),
        settings.optionalDuration(ConfigKey.CONNECTION_MAX_IDLE, second, month),
        settings.optionalDuration(ConfigKey.CONNECTION_MAX_AGE, second, month),
        settings.optionalDuration(ConfigKey.CONNECTION_MAX_AGE_GRACE, second, month));
  }
}
