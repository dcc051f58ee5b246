package dev.fencepost.server.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Everything that can be set, with its default as one would write it. */
enum ConfigKey {
  STORE("store", "h2:./fencepost-data"),
  STORE_CALL_TIMEOUT("store-call-timeout", "5s"),
  LISTEN("listen", "127.0.0.1:7420"),
  HTTP_LISTEN("http-listen", "127.0.0.1:7421"),
  ADVERTISE("advertise", ""),
  LEASE_DEFAULT_TTL("lease.default-ttl", "15s"),
  LEASE_MAX_TTL("lease.max-ttl", "10m"),
  LIMITS_MAX_WAIT("limits.max-wait", "24h"),
  LIMITS_WAITERS("limits.waiters", "500000"),
  LIMITS_WAITERS_PER_LOCK("limits.waiters-per-lock", "100000"),
  LIMITS_WAITERS_PER_CLIENT("limits.waiters-per-client", "100000"),
  LIMITS_HAND_OVERS_IN_A_ROW("limits.hand-overs-in-a-row", "32"),
  LIMITS_OPEN_CALLS("limits.open-calls", "50000"),
  LIMITS_OPEN_RENEWALS("limits.open-renewals", "20000"),
  LIMITS_SESSIONS("limits.sessions", "20000"),
  LIMITS_WATCHED_NAMES("limits.watched-names", "100000"),
  LIMITS_LOCKS("limits.locks", "1000000"),
  LIMITS_MEMORY_PERCENT("limits.memory-percent", "50"),
  LIMITS_CLIENT_PERCENT("limits.client-percent", "25"),
  LIMITS_CALLS_PER_CONNECTION("limits.calls-per-connection", "10000"),
  LIMITS_SESSION_OPERATIONS("limits.session-operations", "100000"),
  LIMITS_MESSAGE_BYTES("limits.message-bytes", "65536"),
  CONNECTION_KEEP_ALIVE("connection.keep-alive", "10s"),
  CONNECTION_KEEP_ALIVE_TIMEOUT("connection.keep-alive-timeout", "5s"),
  CONNECTION_MAX_AGE("connection.max-age", "off"),
  CONNECTION_MAX_AGE_GRACE("connection.max-age-grace", "off"),
  DRAIN_TIMEOUT("drain-timeout", "20s"),
  REFLECTION("reflection", "false"),
  LOG_FORMAT("log.format", "text"),
  LOG_LEVEL("log.level", "info");

  /** What the store's own settings begin with. */
  static final String STORE_OPTIONS = "store-options.";

  /** Names the YAML file; in flags and the environment only. */
  static final String CONFIG = "config";

  private static final Map<String, ConfigKey> BY_TEXT =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(ConfigKey::text, Function.identity()));

  private final String text;
  private final String fallback;

  ConfigKey(String text, String fallback) {
    this.text = text;
    this.fallback = fallback;
  }

  static Optional<ConfigKey> of(String text) {
    return Optional.ofNullable(BY_TEXT.get(text));
  }

  /** Whether some key begins with the text and a dot. */
  static boolean isGroup(String text) {
    String group = text + ".";
    return group.equals(STORE_OPTIONS)
        || BY_TEXT.keySet().stream().anyMatch(key -> key.startsWith(group));
  }

  /** The key as files and flags write it. */
  String text() {
    return text;
  }

  /** The value if none is set. */
  String fallback() {
    return fallback;
  }

  /** The key as the environment writes it. */
  String variable() {
    return variable(text);
  }

  static String variable(String text) {
    return EnvironmentSource.PREFIX
        + text.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }
}
