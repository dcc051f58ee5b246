package dev.fencepost.server.config;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.service.limit.LimitSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that one server is told.
 *
 * @param store where ownership lives
 * @param endpoints where it listens
 * @param leases which leases it grants
 * @param limits what it bears
 * @param connections how it treats connections
 * @param log what it writes about itself
 * @param drainTimeout longest time between the order to stop and the end
 * @param reflection whether anybody may ask for the service's descriptors
 */
public record ServerConfig(
    StoreSettings store,
    Endpoints endpoints,
    Leases leases,
    Limits limits,
    Connections connections,
    Log log,
    Duration drainTimeout,
    boolean reflection) {

  /**
   * Where a server listens.
   *
   * @param listen gRPC
   * @param http metrics and health; empty is off
   * @param advertise where clients and other replicas reach it; empty: as {@code listen}
   */
  public record Endpoints(HostPort listen, Optional<HostPort> http, Optional<HostPort> advertise) {}

  /**
   * Which leases a server grants.
   *
   * @param defaultTtl if none is asked for
   * @param maxTtl longest
   * @param maxWait longest stay in a queue
   */
  public record Leases(Duration defaultTtl, Duration maxTtl, Duration maxWait) {}

  /**
   * What a server bears.
   *
   * @param waiting limits of the queues
   * @param clients what all clients and each may have
   * @param callsPerConnection calls at a time on one connection
   * @param messageBytes largest request
   * @param sessionOperations most operations that a session may have unanswered
   */
  public record Limits(
      CoordinatorSettings waiting,
      LimitSettings clients,
      int callsPerConnection,
      int messageBytes,
      int sessionOperations) {}

  /**
   * How a server treats connections.
   *
   * @param keepAlive silence after which it asks whether the client lives
   * @param keepAliveTimeout silence after that which ends the connection
   * @param maxAge age at which a client is asked to connect anew; empty: never
   * @param maxAgeGrace time for its open calls after that; empty: as long as they take
   */
  public record Connections(
      Duration keepAlive,
      Duration keepAliveTimeout,
      Optional<Duration> maxAge,
      Optional<Duration> maxAgeGrace) {}

  /**
   * What a server writes about itself.
   *
   * @param format for people or for machines
   * @param level least important of what is written
   */
  public record Log(Format format, Level level) {
    /** Until the settings are known. */
    public static final Log DEFAULT = new Log(Format.TEXT, Level.INFO);

    /** How a line looks. */
    public enum Format {
      /** For people. */
      TEXT,
      /** One JSON object a line. */
      JSON
    }

    /** How important a line is. */
    public enum Level {
      /** Everything. */
      TRACE,
      /** For the search of faults. */
      DEBUG,
      /** What an operator may want to know. */
      INFO,
      /** What an operator should know. */
      WARN,
      /** What an operator has to act on. */
      ERROR
    }
  }

  /**
   * Reads flags, the environment and the YAML file that they name, in this order of precedence.
   *
   * @param flags settings by key, without dashes; {@code config} is the path of the YAML file
   * @param environment all variables; those that begin with {@code FENCEPOST_} count
   * @throws ConfigException with every fault
   */
  public static ServerConfig load(Map<String, String> flags, Map<String, String> environment) {
    return ConfigLoader.load(flags, environment);
  }
}
