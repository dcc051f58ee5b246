package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.tls.StoreLogin;
import dev.fencepost.lock.tls.StoreTls;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The validated store settings.
 *
 * @param endpoints the addresses of etcd's members, tried in this order
 * @param prefix the prefix of all keys, without a slash at its ends
 * @param callTimeout the most time of one call
 * @param login user and password, both present, if etcd requires a login
 * @param tls the security of the connection, if it is secured
 * @param batchSize most locks in one transaction
 * @param batches most transactions of a kind in flight
 * @param queue most calls that are queued or in flight
 * @param idleLeases most leases kept ready
 * @param markRetention how long an unused fence mark is kept
 */
public record EtcdSettings(
    List<Endpoint> endpoints,
    String prefix,
    Duration callTimeout,
    Optional<StoreLogin> login,
    Optional<StoreTls> tls,
    int batchSize,
    int batches,
    int queue,
    int idleLeases,
    Duration markRetention) {

  public static final String SCHEME = "etcd://";

  private static final String DEFAULT_PREFIX = "fencepost";
  private static final int DEFAULT_PORT = 2379;

  private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

  /** A host's name, or an IPv4 address. */
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})");

  /** An IPv6 address; the URI has it in brackets. */
  private static final Pattern ADDRESS = Pattern.compile("[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?");

  private static final int MAX_PREFIX_BYTES = 256;

  /** One member's host and client port. */
  record Endpoint(String host, int port) {}

  /** Reads URI and options. An option that is unknown or out of range is refused by name. */
  public static EtcdSettings of(StoreSettings settings) {
    String uri = settings.uri();
    if (!uri.startsWith(SCHEME)) {
      throw new StoreConfigurationException("store URI: does not begin with " + SCHEME);
    }
    String[] parts = uri.substring(SCHEME.length()).split("/", 2);
    StoreOptions options = new StoreOptions(settings);
    EtcdSettings read =
        new EtcdSettings(
            endpoints(parts[0]),
            prefix(parts.length > 1 ? parts[1] : ""),
            settings.callTimeout(),
            login(options),
            StoreTls.read(options),
            options.number("batch-size", 1, 1000).orElse(100),
            options.number("batches", 1, 32).orElse(2),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.number("idle-leases", 0, 10_000).orElse(256),
            options.retention("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)));
    options.requireAllKnown();
    return read;
  }

  /** Returns the same settings with one lock in each transaction. */
  public EtcdSettings withoutBatches() {
    return new EtcdSettings(
        endpoints, prefix, callTimeout, login, tls, 1, batches, queue, idleLeases, markRetention);
  }

  private static List<Endpoint> endpoints(String hosts) {
    if (hosts.contains("@")) {
      throw new StoreConfigurationException(
          "store URI: no user or password belongs here (expected: the store options user and"
              + " password)");
    }
    List<Endpoint> endpoints = Stream.of(hosts.split(",")).map(EtcdSettings::endpoint).toList();
    if (endpoints.stream().distinct().count() != endpoints.size()) {
      throw new StoreConfigurationException("store URI: an endpoint is named twice");
    }
    return endpoints;
  }

  private static Endpoint endpoint(String text) {
    int colon = text.lastIndexOf(':');
    boolean hasPort = colon >= 0 && !text.endsWith("]");
    String host = hasPort ? text.substring(0, colon) : text;
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    int port = hasPort ? port(text.substring(colon + 1)) : DEFAULT_PORT;
    boolean isAddress = !bare.equals(host);
    if (!(isAddress ? ADDRESS : HOST).matcher(bare).matches()) {
      throw new StoreConfigurationException(
          "store URI: not a host with a port (expected: etcd://host:2379,host:2379/prefix)");
    }
    return new Endpoint(bare, port);
  }

  private static int port(String text) {
    int port = PORT.matcher(text).matches() ? Integer.parseInt(text) : 0;
    if (port == 0 || port > 65_535) {
      throw new StoreConfigurationException("store URI: no such port (expected: 1–65535)");
    }
    return port;
  }

  private static String prefix(String text) {
    String bare = text.replaceAll("^/+|/+$", "");
    if (bare.length() > MAX_PREFIX_BYTES || bare.contains("?") || bare.contains("#")) {
      throw new StoreConfigurationException(
          "store URI: the key prefix (expected: at most 256 characters, without ? and #)");
    }
    return bare.isEmpty() ? DEFAULT_PREFIX : bare;
  }

  private static Optional<StoreLogin> login(StoreOptions options) {
    StoreLogin login = StoreLogin.read(options);
    if (login.user().isPresent() != login.hasPassword()) {
      throw new StoreConfigurationException(
          "store option "
              + (login.user().isPresent() ? "password" : "user")
              + ": missing (expected: both user and password or password-file, or neither)");
    }
    return Optional.of(login).filter(StoreLogin::hasPassword);
  }
}
