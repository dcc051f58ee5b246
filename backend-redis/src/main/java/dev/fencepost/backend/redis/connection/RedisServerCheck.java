package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.tls.StoreTls;
import io.lettuce.core.RedisCommandExecutionException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Checks whether a server can keep the contract, by its INFO, and names the remedy if not. */
public final class RedisServerCheck {
  private static final int LEAST_VERSION = 7;
  private static final Set<String> LOGIN_CODES = Set.of("WRONGPASS", "NOAUTH", "NOPERM");

  private final RedisStoreUri.Kind kind;
  private final Map<String, String> facts = new HashMap<>();

  private RedisServerCheck(RedisStoreUri.Kind kind, String info) {
    this.kind = kind;
    info.lines()
        .forEach(
            line -> {
              int colon = line.indexOf(':');
              if (colon > 0) {
                facts.put(line.substring(0, colon), line.substring(colon + 1).strip());
              }
            });
  }

  /**
   * Checks a server.
   *
   * @param info its reply to INFO
   * @throws StoreConfigurationException if it cannot be used; the message names the remedy
   * @throws StoreException if it may be usable a moment later
   */
  public static void check(RedisStoreUri.Kind kind, String info) {
    RedisServerCheck server = new RedisServerCheck(kind, info);
    server.requireVersion();
    server.requireMode();
    server.requireMaster();
    server.requireNoEviction();
  }

  /**
   * Returns the exception for a failure to open: a fault of the settings, with its remedy, or a
   * store that may be opened later.
   */
  public static RuntimeException explain(RuntimeException error) {
    if (error instanceof StoreConfigurationException) {
      return error;
    }
    Optional<Throwable> login = find(error, RedisServerCheck::isLoginFault);
    if (login.isPresent()) {
      boolean permission = RedisErrors.code(login.get()).equals("NOPERM");
      return new StoreConfigurationException(
          permission
              ? "Redis refuses a command to this user: grant what docs/backends/redis.md lists"
                  + " (ACL SETUSER)"
              : "Redis refuses the login: set the store options user and password, or put them"
                  + " into the store URI",
          login.get());
    }
    Optional<String> tls = StoreTls.explain(error);
    if (tls.isPresent()) {
      String text = "No TLS connection to Redis: " + tls.get();
      // A server that is silent may answer later.
      return find(error, SslHandshakeTimeoutException.class::isInstance).isPresent()
          ? new StoreException(StoreException.Failure.STORE_UNREACHABLE, text, error)
          : new StoreConfigurationException(text, error);
    }
    return RedisErrors.of(error);
  }

  private void requireVersion() {
    String version = facts.getOrDefault("redis_version", "unknown");
    String major = version.matches("\\d+\\..*") ? version.substring(0, version.indexOf('.')) : "0";
    if (Integer.parseInt(major) < LEAST_VERSION) {
      throw new StoreConfigurationException(
          "Redis version: " + version + " (expected: 7.0 or later, or Valkey)");
    }
  }

  private void requireMode() {
    // Valkey has the other key.
    String mode = facts.getOrDefault("redis_mode", facts.getOrDefault("server_mode", "standalone"));
    boolean cluster = mode.equals("cluster");
    if (cluster != (kind == RedisStoreUri.Kind.CLUSTER)) {
      throw new StoreConfigurationException(
          cluster
              ? "This Redis is part of a cluster: begin the store URI with redis-cluster://"
              : "This Redis is not part of a cluster: begin the store URI with redis:// or"
                  + " redis-sentinel://");
    }
  }

  private void requireMaster() {
    if (facts.getOrDefault("role", "master").equals("master")) {
      return;
    }
    if (kind != RedisStoreUri.Kind.SERVER) {
      throw new StoreException(
          Failure.STORE_UNREACHABLE, "the server that is to be the master is not one yet");
    }
    throw new StoreConfigurationException(
        "This Redis is a replica, which takes no writes: name its master in the store URI, or the"
            + " sentinels that know it (redis-sentinel://)");
  }

  private void requireNoEviction() {
    String policy = facts.getOrDefault("maxmemory_policy", "noeviction");
    if (!policy.equals("noeviction")) {
      throw new StoreConfigurationException(
          "Redis maxmemory-policy: "
              + policy
              + " (expected: noeviction, since any other may drop locks that are held: CONFIG SET"
              + " maxmemory-policy noeviction, also in its configuration file)");
    }
  }

  private static boolean isLoginFault(Throwable error) {
    return error instanceof RedisCommandExecutionException
        && (LOGIN_CODES.contains(RedisErrors.code(error))
            || String.valueOf(error.getMessage()).contains("without any password configured"));
  }

  /** Finds the first match among an exception, its causes and their suppressed exceptions. */
  private static Optional<Throwable> find(Throwable error, Predicate<Throwable> wanted) {
    return find(error, wanted, new HashSet<>());
  }

  private static Optional<Throwable> find(
      Throwable error, Predicate<Throwable> wanted, Set<Throwable> seen) {
    if (!seen.add(error)) {
      return Optional.empty();
    }
    if (wanted.test(error)) {
      return Optional.of(error);
    }
    Optional<Throwable> found =
        Optional.ofNullable(error.getCause()).flatMap(cause -> find(cause, wanted, seen));
    return found.isPresent()
        ? found
        : Arrays.stream(error.getSuppressed())
            .flatMap(each -> find(each, wanted, seen).stream())
            .findFirst();
  }
}
