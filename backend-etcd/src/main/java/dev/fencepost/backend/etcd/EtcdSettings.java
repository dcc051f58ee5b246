package dev.fencepost.backend.etcd;

import dev.fencepost.lock.HumanDuration;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The store settings, checked.
 *
 * @param endpoints where etcd's members are, tried in this order
 * @param prefix what all keys begin with, without a slash at its ends
 * @param callTimeout longest time of one call
 * @param login user and password, if etcd wants one
 * @param tls how the connection is secured, if it is
 * @param batchSize most locks in one transaction
 * @param batches most transactions of a kind under way
 * @param queue most calls that wait or are under way
 * @param idleLeases most leases kept ready
 * @param markRetention how long an unused fence mark is kept
 */
record EtcdSettings(
    List<Endpoint> endpoints,
    String prefix,
    Duration callTimeout,
    Optional<Login> login,
    Optional<Tls> tls,
    int batchSize,
    int batches,
    int queue,
    int idleLeases,
    Duration markRetention) {

  static final String SCHEME = "etcd://";

  private static final String DEFAULT_PREFIX = "fencepost";
  private static final int DEFAULT_PORT = 2379;
  private static final int MAX_PREFIX_BYTES = 256;
  private static final Duration LEAST_CALL_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MOST_CALL_TIMEOUT = Duration.ofMinutes(1);

  /** One member's host and client port. */
  record Endpoint(String host, int port) {}

  /** Who we are for etcd; never shown. */
  record Login(String user, String password) {
    @Override
    public String toString() {
      return "Login[]";
    }
  }

  /**
   * PEM files.
   *
   * @param ca who may have signed the servers' certificates; the system's if empty
   * @param certificate ours, if etcd wants one
   * @param key its key
   */
  record Tls(Optional<Path> ca, Optional<Path> certificate, Optional<Path> key) {}

  /** Reads URI and options; what is unknown or out of range is refused by name. */
  static EtcdSettings of(StoreSettings settings) {
    String uri = settings.uri();
    if (!uri.startsWith(SCHEME)) {
      throw new StoreConfigurationException("store URI: does not begin with " + SCHEME);
    }
    String[] parts = uri.substring(SCHEME.length()).split("/", 2);
    Options options = new Options(settings.options());
    EtcdSettings read =
        new EtcdSettings(
            endpoints(parts[0]),
            prefix(parts.length > 1 ? parts[1] : ""),
            callTimeout(settings),
            login(options),
            tls(options),
            options.number("batch-size", 1, 1000).orElse(100),
            options.number("batches", 1, 32).orElse(2),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.number("idle-leases", 0, 10_000).orElse(256),
            options.duration("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)));
    options.requireAllKnown();
    return read;
  }

  /** The same, one lock to a transaction. */
  EtcdSettings withoutBatches() {
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
      throw new StoreConfigurationException("store URI: an endpoint stands in it twice");
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
    if (bare.isBlank() || (bare.equals(host) && host.contains(":"))) {
      throw new StoreConfigurationException(
          "store URI: " + text + " (expected: etcd://host:2379,host:2379/prefix)");
    }
    return new Endpoint(bare, port);
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      if (port > 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw new StoreConfigurationException("store URI: port " + text + " (expected: 1–65535)", e);
    }
    throw new StoreConfigurationException("store URI: port " + text + " (expected: 1–65535)");
  }

  private static String prefix(String text) {
    String bare = text.replaceAll("^/+|/+$", "");
    if (bare.length() > MAX_PREFIX_BYTES || bare.contains("?") || bare.contains("#")) {
      throw new StoreConfigurationException(
          "store URI: key prefix " + bare + " (expected: at most 256 characters, without ? and #)");
    }
    return bare.isEmpty() ? DEFAULT_PREFIX : bare;
  }

  private static Optional<Login> login(Options options) {
    Optional<String> user = options.text("user");
    Optional<String> password = options.text("password");
    if (user.isPresent() != password.isPresent()) {
      throw new StoreConfigurationException(
          "store option "
              + (user.isPresent() ? "password" : "user")
              + ": missing (expected: both user and password, or neither)");
    }
    return user.map(name -> new Login(name, password.orElseThrow()));
  }

  private static Optional<Tls> tls(Options options) {
    boolean wanted = options.flag("tls");
    Tls tls =
        new Tls(options.file("tls-ca"), options.file("tls-certificate"), options.file("tls-key"));
    if (tls.certificate().isPresent() != tls.key().isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-certificate and tls-key: one is missing (expected: both or neither)");
    }
    boolean named = tls.ca().isPresent() || tls.certificate().isPresent();
    return wanted || named ? Optional.of(tls) : Optional.empty();
  }

  private static Duration callTimeout(StoreSettings settings) {
    Duration timeout = settings.callTimeout();
    if (timeout.compareTo(LEAST_CALL_TIMEOUT) < 0 || timeout.compareTo(MOST_CALL_TIMEOUT) > 0) {
      throw new StoreConfigurationException(
          "store call timeout: " + HumanDuration.print(timeout) + " (expected: 100ms–1m)");
    }
    return timeout;
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

    boolean flag(String name) {
      String text = text(name).orElse("false");
      if (!text.equals("true") && !text.equals("false")) {
        throw new StoreConfigurationException(refusal(name, text, "true or false"));
      }
      return text.equals("true");
    }

    Optional<Path> file(String name) {
      Optional<Path> path = text(name).map(Path::of);
      if (path.filter(file -> !Files.isReadable(file)).isPresent()) {
        throw new StoreConfigurationException(
            refusal(name, path.orElseThrow().toString(), "a PEM file that can be read"));
      }
      return path;
    }

    Optional<Integer> number(String name, int least, int most) {
      return text(name).map(text -> number(name, text, least, most));
    }

    Optional<Duration> duration(String name, Duration least) {
      return text(name).map(text -> duration(name, text, least));
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
                        + ": unknown (expected: user, password, tls, tls-ca, tls-certificate,"
                        + " tls-key, batch-size, batches, queue, idle-leases or mark-retention)");
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
