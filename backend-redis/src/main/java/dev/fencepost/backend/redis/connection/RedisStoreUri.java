package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.tls.StoreLogin;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store URI, parsed.
 *
 * @param kind one server, one found through sentinels, or a cluster
 * @param uris one URI for a server, one with all sentinels, or one for each named cluster node
 */
public record RedisStoreUri(Kind kind, List<RedisURI> uris) {
  private static final Logger LOG = LoggerFactory.getLogger(RedisStoreUri.class);
  private static final Pattern AUTHORITY_END = Pattern.compile("[/?#]");

  /** The topology, which the scheme names. */
  public enum Kind {
    SERVER("redis://", "rediss://"),
    SENTINEL("redis-sentinel://", "rediss-sentinel://"),
    CLUSTER("redis-cluster://", "rediss-cluster://");

    private final String plain;
    private final String secure;

    Kind(String plain, String secure) {
      this.plain = plain;
      this.secure = secure;
    }

    public List<String> schemes() {
      return List.of(plain, secure);
    }
  }

  /** Copies the list. */
  public RedisStoreUri {
    uris = List.copyOf(uris);
  }

  /** Returns the schemes of all kinds. */
  public static List<String> schemes() {
    List<String> all = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      all.addAll(kind.schemes());
    }
    return List.copyOf(all);
  }

  /**
   * Parses a store URI and applies the settings to it.
   *
   * @throws StoreConfigurationException if it cannot be read; its message does not contain the URI,
   *     which may hold a password
   */
  public static RedisStoreUri of(String uri, RedisSettings settings) {
    Kind kind = kindOf(uri);
    requireEncodedLogin(kind, uri);
    List<RedisURI> uris = new ArrayList<>();
    try {
      if (kind == Kind.CLUSTER) {
        nodes(uri).forEach(node -> uris.add(RedisURI.create(node)));
      } else {
        uris.add(RedisURI.create(uri));
      }
    } catch (RuntimeException e) {
      throw unreadable(kind, uri); // Without the cause: its message repeats the URI.
    }
    uris.forEach(one -> applySettings(one, settings));
    requireValid(kind, uris);
    return new RedisStoreUri(kind, uris);
  }

  public static String example(Kind kind) {
    return switch (kind) {
      case SERVER -> "redis://user:password@host:6379/0";
      case SENTINEL -> "redis-sentinel://password@host1:26379,host2:26379,host3:26379/0#mymaster";
      case CLUSTER -> "redis-cluster://user:password@host1:6379,host2:6379,host3:6379";
    };
  }

  /** An @ anywhere but at the end of the login means that the password is not encoded. */
  private static void requireEncodedLogin(Kind kind, String uri) {
    String rest = uri.substring(uri.indexOf("://") + 3);
    Matcher end = AUTHORITY_END.matcher(rest);
    int at = rest.indexOf('@');
    if (at != rest.lastIndexOf('@') || (end.find() && at > end.start())) {
      throw unreadable(kind, uri);
    }
  }

  private static StoreConfigurationException unreadable(Kind kind, String uri) {
    String remedy =
        uri.contains("@")
            ? "; in user and password write %XX for other characters than letters, digits and"
                + " -._~, such as %40 for @ and %23 for #, or leave them out of the URI and set the"
                + " store options user and password"
            : "";
    return new StoreConfigurationException(
        "store URI: cannot be read (expected: " + example(kind) + remedy + ")");
  }

  private static Kind kindOf(String uri) {
    for (Kind kind : Kind.values()) {
      if (kind.schemes().stream().anyMatch(uri::startsWith)) {
        return kind;
      }
    }
    throw new StoreConfigurationException(
        "store URI: begins with none of " + String.join(", ", schemes()));
  }

  /** Splits a cluster's URI into one for each node. Login and parameters are the same in each. */
  private static List<String> nodes(String uri) {
    String scheme = uri.startsWith("rediss") ? "rediss://" : "redis://";
    String rest = uri.substring(uri.indexOf("://") + 3);
    int at = rest.lastIndexOf('@');
    String login = rest.substring(0, at + 1);
    String hosts = rest.substring(at + 1);
    int end = hosts.indexOf('?');
    String parameters = end < 0 ? "" : hosts.substring(end);
    List<String> nodes = new ArrayList<>();
    for (String host : (end < 0 ? hosts : hosts.substring(0, end)).split(",", -1)) {
      String node = host.endsWith("/") ? host.substring(0, host.length() - 1) : host;
      if (node.isBlank() || node.contains("/")) {
        throw new IllegalArgumentException("a host is missing, or a database is named");
      }
      nodes.add(scheme + login + node + parameters);
    }
    return nodes;
  }

  private static void applySettings(RedisURI uri, RedisSettings settings) {
    uri.setTimeout(settings.callTimeout());
    uri.setClientName("fencepost");
    if (settings.tls().isWanted()) {
      uri.setSsl(true);
      uri.getSentinels().forEach(sentinel -> sentinel.setSsl(true));
    }
    if (uri.isSsl() && uri.getVerifyMode() == SslVerifyMode.NONE) {
      LOG.warn(
          "store URI: verifyPeer=NONE, so anybody on the network can pretend to be Redis (expected:"
              + " store option tls-ca)");
    }
    RedisSettings.Login login = settings.login();
    StoreLogin servers = login.servers();
    if (servers.user().isPresent() || servers.hasPassword()) {
      setLogin(uri, servers.user().orElse(null), () -> servers.currentPassword().orElse(""));
    }
    for (RedisURI sentinel : uri.getSentinels()) {
      sentinel.setTimeout(settings.callTimeout());
      login.sentinelPassword().ifPresent(secret -> setLogin(sentinel, null, () -> secret));
    }
  }

  /** Sets the login; the password is asked for each time the library logs in. */
  private static void setLogin(RedisURI uri, @Nullable String user, Supplier<String> password) {
    uri.setCredentialsProvider(
        RedisCredentialsProvider.from(() -> RedisCredentials.just(user, password.get())));
  }

  private static void requireValid(Kind kind, List<RedisURI> uris) {
    boolean legible =
        uris.stream()
            .flatMap(uri -> kind == Kind.SENTINEL ? uri.getSentinels().stream() : Stream.of(uri))
            .allMatch(uri -> isHost(String.valueOf(uri.getHost())));
    if (!legible) {
      throw new StoreConfigurationException(
          "store URI: a host or its port cannot be read (expected: " + example(kind) + ")");
    }
    RedisURI first = uris.get(0);
    if (kind == Kind.SENTINEL && String.valueOf(first.getSentinelMasterId()).isBlank()) {
      throw new StoreConfigurationException(
          "store URI: does not say which master the sentinels watch (expected: "
              + example(kind)
              + ")");
    }
    if (kind == Kind.CLUSTER && first.getDatabase() != 0) {
      throw new StoreConfigurationException(
          "store URI: a cluster has database 0 only (expected: " + example(kind) + ")");
    }
  }

  /** A host with one colon has a port that is no number; one with more is an IPv6 address. */
  private static boolean isHost(String host) {
    return !host.equals("null")
        && !host.isBlank()
        && host.chars().filter(c -> c == ':').count() != 1;
  }
}
