package dev.fencepost.server.config;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.transport.TlsSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration of one server.
 *
 * @param store store that keeps the locks
 * @param endpoints addresses of the server
 * @param access identity and rights of callers
 * @param audit place of the audit
 * @param tls TLS of gRPC and HTTP; empty: plain text
 * @param leases rules for leases and waits
 * @param limits limits for clients
 * @param connections rules for connections
 * @param log format and level of the log
 * @param drainTimeout longest time between the signal to stop and the end of the process
 * @param reflection true if anybody may read the service descriptors
 */
public record ServerConfig(
    StoreSettings store,
    Endpoints endpoints,
    Optional<TlsSettings> tls,
    AccessSettings access,
    AuditSettings audit,
    Leases leases,
    Limits limits,
    Connections connections,
    Log log,
    Duration drainTimeout,
    boolean reflection) {

  /**
   * Addresses of a server.
   *
   * @param listen address for gRPC
   * @param http address for metrics and health; empty: off
   * @param advertise address at which clients and other replicas reach it; empty: as {@code listen}
   * @param plain second address for gRPC, without TLS; empty: none
   */
  public record Endpoints(
      HostPort listen,
      Optional<HostPort> http,
      Optional<HostPort> advertise,
      Optional<HostPort> plain) {}

  /**
   * Rules for leases and waits.
   *
   * @param defaultTtl lease of a claim that requests none
   * @param maxTtl longest lease
   * @param maxWait longest wait in a queue
   */
  public record Leases(Duration defaultTtl, Duration maxTtl, Duration maxWait) {}

  /**
   * Limits of a server.
   *
   * @param waiting limits of the queues
   * @param clients limits for all clients together and for each
   * @param callsPerConnection calls at a time on one connection
   * @param messageBytes largest request
   * @param sessionOperations largest number of unanswered operations of a session
   */
  public record Limits(
      CoordinatorSettings waiting,
      LimitSettings clients,
      int callsPerConnection,
      int messageBytes,
      int sessionOperations) {}

  /**
   * Rules for connections.
   *
   * @param keepAlive silence after which the server pings the client
   * @param keepAliveTimeout further silence after which the connection is closed
   * @param maxIdle time without a call after which it is closed; empty: never
   * @param maxAge age at which a client is asked to reconnect; empty: never
   * @param maxAgeGrace time for its open calls after that; empty: as long as they take
   */
  public record Connections(
      Duration keepAlive,
      Duration keepAliveTimeout,
      Optional<Duration> maxIdle,
      Optional<Duration> maxAge,
      Optional<Duration> maxAgeGrace) {}

  /**
   * Settings of the log.
   *
   * @param format format for people or for machines
   * @param level lowest level that is written
   */
  public record Log(Format format, Level level) {
    /** Settings until the configuration is known. */
    public static final Log DEFAULT = new Log(Format.TEXT, Level.INFO);

    /** Format of a log line. */
    public enum Format {
      /** Text for people. */
      TEXT,
      /** One JSON object per line. */
      JSON
    }

    /** Importance of a log line. */
    public enum Level {
      /** Everything. */
      TRACE,
      /** Details for finding faults. */
      DEBUG,
      /** Events that an operator may want to know. */
      INFO,
      /** Events that an operator should know. */
      WARN,
      /** Events that an operator has to act on. */
      ERROR
    }
  }

  /**
   * Reads flags, the environment and the YAML file that they name, in this order of precedence.
   *
   * @param flags settings by key, without dashes; {@code config} is the path of the YAML file
   * @param environment all variables; only those that begin with {@code FENCEPOST_} are read
   * @throws ConfigException with every fault
   */
  public static ServerConfig load(Map<String, String> flags, Map<String, String> environment) {
    return ConfigLoader.load(flags, environment);
  }
}
