package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreOptions;
import dev.fencepost.lock.spi.StoreSettings;
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
 * The store settings, checked.
 *
 * @param servers {@code host:port,…}
 * @param schema where everything is kept
 * @param callTimeout longest time of one call
 * @param sessionTimeout after so long without a word the ensemble forgets a replica
 * @param batchSize most locks in one transaction
 * @param inFlight most transactions of batches under way
 * @param queue most calls that wait
 * @param purgeAfter how long a free lock's node is kept
 * @param markRetention how long an unused fence mark is kept
 * @param security who we are, and how the connection is protected
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
   * Who we are to the ensemble.
   *
   * @param digest {@code user:password}
   * @param saslSection the section of the JAAS configuration for the client
   * @param tls the client's TLS settings, by ZooKeeper's own names; empty: no TLS
   */
  record Security(Optional<String> digest, Optional<String> saslSection, Map<String, String> tls) {
    /** Nodes belong to whoever made them if that can be told, else to everybody. */
    boolean isSomebody() {
      return digest.isPresent() || saslSection.isPresent();
    }

    /** Leaves everything out: it may be a password. */
    @Override
    public String toString() {
      return "Security";
    }
  }

  /** Reads URI and options; any that is unknown or out of its range is refused by name. */
  public static ZookeeperSettings of(StoreSettings settings) {
    String uri = settings.uri();
    if (!uri.startsWith(SCHEME + "//")) {
      throw badUri("no " + SCHEME + "// at its beginning");
    }
    String rest = uri.substring(SCHEME.length() + 2);
    if (rest.indexOf('@') >= 0) {
      // Not repeated: what stands before it may be a password.
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
    Optional<String> user = options.text("user");
    Optional<String> password = options.text("password");
    if (user.isPresent() != password.isPresent()) {
      throw new StoreConfigurationException("store options user and password: one without other");
    }
    Map<String, String> tls = new HashMap<>();
    boolean isTls = options.flag("tls");
    take(options, "tls-keystore", tls, "zookeeper.ssl.keyStore.location");
    take(options, "tls-keystore-password", tls, "zookeeper.ssl.keyStore.password");
    take(options, "tls-truststore", tls, "zookeeper.ssl.trustStore.location");
    take(options, "tls-truststore-password", tls, "zookeeper.ssl.trustStore.password");
    if (isTls) {
      tls.put("zookeeper.client.secure", "true");
      tls.put("zookeeper.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty");
    } else if (!tls.isEmpty()) {
      throw new StoreConfigurationException(
          "store option tls: not set although other tls options are (expected: tls: true)");
    }
    return new Security(
        user.map(name -> name + ":" + password.orElseThrow()),
        options.text("sasl-section"),
        Map.copyOf(tls));
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
      // Of an address in brackets nobody else is asked.
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

  /** A server that looks like one; anything else may hold a password. */
  private static String shown(String server) {
    return server.matches("[\\w.-]+:[0-9]+") ? ": \"" + server + "\"" : "";
  }

  private static StoreConfigurationException badUri(String why) {
    return new StoreConfigurationException(
        "store URI: " + why + " (expected: zookeeper://host:2181,host:2181/path)");
  }
}
