package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.tls.StoreLogin;
import dev.fencepost.lock.tls.StoreTls;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.common.PathUtils;
import org.jspecify.annotations.Nullable;

/**
 * The validated store settings.
 *
 * @param servers {@code host:port,…}
 * @param schema paths of all nodes
 * @param callTimeout longest time of one call
 * @param sessionTimeout silence after which the ensemble drops a replica
 * @param batchSize most locks in one transaction
 * @param inFlight most batches in flight
 * @param queue most queued calls
 * @param purgeAfter time for which a free lock's node is kept
 * @param markRetention time for which an unused fence mark is kept
 * @param security credentials and TLS
 */
public record ZookeeperSettings(
    String servers,
    ZookeeperSchema schema,
    Duration callTimeout,
    Duration sessionTimeout,
    int batchSize,
    int inFlight,
    int queue,
    Duration purgeAfter,
    Duration markRetention,
    Security security) {
  public static final String SCHEME = "zookeeper:";

  private static final Pattern SERVER =
      Pattern.compile("(\\[(?<ip6>[0-9a-fA-F:.]+)]|[^:/\\s\\[\\]]+)(:(?<port>[0-9]{1,5}))?");

  private static final String DEFAULT_ROOT = "/fencepost";

  /**
   * Credentials and TLS settings.
   *
   * @param login user and password for digest authentication
   * @param saslSection section of the JAAS configuration for the client
   * @param keyStores TLS with key stores, by ZooKeeper's own names; empty: none
   * @param tls TLS with PEM files
   */
  record Security(
      StoreLogin login,
      Optional<String> saslSection,
      Map<String, String> keyStores,
      Optional<StoreTls> tls) {
    /** True if the ensemble knows our identity. Our nodes belong to it then, else to everybody. */
    boolean hasIdentity() {
      return login.user().isPresent() || saslSection.isPresent();
    }

    /** Returns {@code user:password} for a session that begins now. */
    Optional<String> digest() {
      return login.user().map(name -> name + ":" + login.currentPassword().orElse(""));
    }

    /** Shows no value, because any of them may be a password. */
    @Override
    public String toString() {
      return "Security";
    }
  }

  /** Parses URI and options. Rejects each one that is unknown or out of its range, by name. */
  public static ZookeeperSettings of(StoreSettings settings) {
    String uri = settings.uri();
    if (!uri.startsWith(SCHEME + "//")) {
      throw badUri("does not start with " + SCHEME + "//");
    }
    String rest = uri.substring(SCHEME.length() + 2);
    if (rest.indexOf('@') >= 0) {
      // Not repeated in the message: the part before the @ may contain a password.
      throw badUri("has a user; set store options user and password instead");
    }
    int slash = rest.indexOf('/');
    String servers = slash < 0 ? rest : rest.substring(0, slash);
    String root = slash < 0 ? "" : rest.substring(slash);
    StoreOptions options = new StoreOptions(settings);
    ZookeeperSettings read =
        new ZookeeperSettings(
            servers(servers),
            new ZookeeperSchema(root(root)),
            settings.callTimeout(),
            options
                .duration("session-timeout", Duration.ofSeconds(1), Duration.ofMinutes(5))
                .orElse(Duration.ofSeconds(10)),
            options.number("batch-size", 1, 64).orElse(16),
            options.number("in-flight", 1, 64).orElse(2),
            options.number("queue", 100, 1_000_000).orElse(10_000),
            options.retention("purge-after", Duration.ofMinutes(2)).orElse(Duration.ofHours(1)),
            options.retention("mark-retention", Duration.ofDays(1)).orElse(Duration.ofDays(30)),
            security(options));
    options.requireAllKnown();
    return read;
  }

  private static Security security(StoreOptions options) {
    StoreLogin login = StoreLogin.read(options);
    if (login.user().isPresent() != login.hasPassword()) {
      throw new StoreConfigurationException("store options user and password: only one is set");
    }
    Map<String, String> keyStores = new HashMap<>();
    take(options, "tls-keystore", keyStores, "zookeeper.ssl.keyStore.location");
    take(options, "tls-keystore-password", keyStores, "zookeeper.ssl.keyStore.password");
    take(options, "tls-truststore", keyStores, "zookeeper.ssl.trustStore.location");
    take(options, "tls-truststore-password", keyStores, "zookeeper.ssl.trustStore.password");
    Optional<StoreTls> tls = StoreTls.read(options);
    if (!keyStores.isEmpty()) {
      requireTlsAlone(tls);
      tls = Optional.empty();
    }
    return new Security(login, options.text("sasl-section"), Map.copyOf(keyStores), tls);
  }

  /** Refuses key stores without TLS, and beside PEM files. */
  private static void requireTlsAlone(Optional<StoreTls> tls) {
    if (tls.isEmpty()) {
      throw new StoreConfigurationException(
          "store option tls: not set although other tls options are (expected: tls: true)");
    }
    StoreTls given = tls.orElseThrow();
    boolean hasFiles =
        given.files().authorities().isPresent() || given.files().certificate().isPresent();
    if (hasFiles || given.serverName().isPresent()) {
      throw new StoreConfigurationException(
          "store options tls-keystore… and tls-truststore…: beside tls-ca, tls-certificate, tls-key"
              + " or tls-server-name (expected: key stores or PEM files)");
    }
  }

  private static void take(StoreOptions options, String name, Map<String, String> into, String as) {
    options.text(name).ifPresent(value -> into.put(as, value));
  }

  private static String servers(String text) {
    for (String server : text.split(",", -1)) {
      Matcher parts = SERVER.matcher(server);
      if (!parts.matches() || !isAddress(parts.group("ip6")) || !isPort(parts.group("port"))) {
        throw badUri("not a host with a port of 1 to 65535" + shown(server));
      }
    }
    return text;
  }

  private static boolean isPort(@Nullable String digits) {
    return digits == null || (Integer.parseInt(digits) > 0 && Integer.parseInt(digits) <= 65_535);
  }

  private static boolean isAddress(@Nullable String ip6) {
    if (ip6 == null) {
      return true;
    }
    try {
      // An address in brackets needs no DNS lookup.
      return InetAddress.getByName("[" + ip6 + "]") instanceof Inet6Address;
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String root(String path) {
    String root = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    if (root.isEmpty()) {
      return DEFAULT_ROOT;
    }
    try {
      PathUtils.validatePath(root);
      return root;
    } catch (IllegalArgumentException e) {
      throw new StoreConfigurationException("store URI: no node can have that path", e);
    }
  }

  /** Returns the server for a message if it looks like one. Other text may contain a password. */
  private static String shown(String server) {
    return server.matches("[\\w.-]+:[0-9]+") ? ": \"" + server + "\"" : "";
  }

  private static StoreConfigurationException badUri(String why) {
    return new StoreConfigurationException(
        "store URI: " + why + " (expected: zookeeper://host:2181,host:2181/path)");
  }
}
