package dev.fencepost.server.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** All settings of the server, each with its default and a description for operators. */
enum ConfigKey {
  STORE(
      "store",
      "h2:./fencepost-data",
      "URI of the store. An h2 store is embedded and serves one server"),
  STORE_CALL_TIMEOUT(
      "store-call-timeout", "5s", "Longest time for one call to the store, 100ms–1m"),
  LISTEN("listen", "127.0.0.1:7420", "Address of the gRPC server; port 0 lets the system choose"),
  HTTP_LISTEN(
      "http-listen", "127.0.0.1:7421", "Address of metrics and health checks over HTTP, or off"),
  ADVERTISE(
      "advertise",
      "",
      "host:port at which clients and other replicas reach this server; unset: as listen"),
  RULES_FILE(
      "rules.file", "", "File that says who may do what; unset: whoever is let in may do all"),
  IDENTITY_TOKENS_FILE(
      "identity.tokens-file", "", "File with the SHA-256 of the static tokens of clients"),
  IDENTITY_ANONYMOUS(
      "identity.anonymous",
      "refuse",
      "refuse or allow callers without a credential; counts with rules, tokens or JWTs"),
  IDENTITY_UNOWNED(
      "identity.unowned",
      "allow",
      "allow or refuse: whether callers with a principal renew and release grants made without"
          + " one"),
  IDENTITY_JWT_KEYS(
      "identity.jwt.keys", "", "File or https URL with the keys of JWTs (a JWK set); unset: none"),
  IDENTITY_JWT_ISSUER("identity.jwt.issuer", "", "Required issuer (iss) of JWTs"),
  IDENTITY_JWT_AUDIENCE("identity.jwt.audience", "", "Required audience (aud) of JWTs"),
  IDENTITY_JWT_NAME(
      "identity.jwt.name", "jwt", "Name of the issuer in principals, which are jwt:NAME/sub"),
  IDENTITY_JWT_ALGORITHMS(
      "identity.jwt.algorithms", "RS256,ES256", "Accepted algorithms, of RS256 and ES256"),
  IDENTITY_JWT_LEEWAY(
      "identity.jwt.leeway", "30s", "Tolerated difference of clocks for exp and nbf, 0s–5m"),
  IDENTITY_JWT_REFRESH(
      "identity.jwt.refresh", "5m", "Interval between two reads of a URL of keys, 10s–24h"),
  IDENTITY_JWT_OUTAGE(
      "identity.jwt.outage",
      "24h",
      "Time for which the last keys stay in force while their URL does not answer, 1m–30d"),
  IDENTITY_EXPIRED_GRACE(
      "identity.expired-grace",
      "10m",
      "Time after the end of a credential in which it still renews and releases, 0s–24h"),
  AUDIT_FILE(
      "audit.file", "", "File of the audit, one JSON object a line; unset: a logger of its own"),
  AUDIT_MAX_BYTES("audit.max-bytes", "104857600", "Limit of one audit file, 1048576–2147483647"),
  AUDIT_KEEP("audit.keep", "10", "Full audit files that are kept, 1–1000"),
  AUDIT_GRANTS(
      "audit.grants",
      "file",
      "off, file or always: whether grants are audited; file: only with audit.file"),
  TLS_CERTIFICATE(
      "tls.certificate",
      "",
      "PEM file with the certificate chain of this server, for gRPC and HTTP; unset: plain text"),
  TLS_KEY("tls.key", "", "PEM file with its private key, PKCS#8 without a password"),
  TLS_CLIENT_CA(
      "tls.client-ca", "", "PEM file with the authorities whose certificates clients may have"),
  TLS_CLIENT_AUTH(
      "tls.client-auth",
      "",
      "off, optional or required: whether gRPC clients show a certificate; unset: required if"
          + " tls.client-ca is set, else off"),
  TLS_MIN_VERSION("tls.min-version", "1.2", "Oldest version of TLS that is spoken, 1.2 or 1.3"),
  TLS_PLAIN_TEXT(
      "tls.plain-text",
      "loopback",
      "loopback or anywhere: on which addresses the server may listen without TLS"),
  PLAIN_LISTEN(
      "plain-listen",
      "off",
      "Second address of gRPC, in plain text while clients move to TLS, or off"),
  LEASE_DEFAULT_TTL(
      "lease.default-ttl", "15s", "Lease of a claim that requests none, 2s to lease.max-ttl"),
  LEASE_MAX_TTL(
      "lease.max-ttl", "10m", "Longest lease, 2s–24h; a claim that requests more is refused"),
  LIMITS_MAX_WAIT("limits.max-wait", "24h", "Longest wait of one acquire, 0s–24h"),
  LIMITS_WAITERS("limits.waiters", "500000", "Calls in the queues of this server, 1–10000000"),
  LIMITS_WAITERS_PER_LOCK(
      "limits.waiters-per-lock", "100000", "Calls in the queue of one lock, 1–10000000"),
  LIMITS_WAITERS_PER_CLIENT(
      "limits.waiters-per-client", "100000", "Waiting calls of one client, 1–10000000"),
  LIMITS_HAND_OVERS_IN_A_ROW(
      "limits.hand-overs-in-a-row",
      "32",
      "Hand-overs to own waiters while other replicas wait for the lock, 1–10000"),
  LIMITS_OPEN_CALLS(
      "limits.open-calls",
      "50000",
      "Open calls, without sessions, renewals and releases, 1–10000000"),
  LIMITS_OPEN_RENEWALS("limits.open-renewals", "20000", "Open renewals and releases, 1–10000000"),
  LIMITS_SESSIONS("limits.sessions", "20000", "Open sessions, 1–10000000"),
  LIMITS_WATCHED_NAMES(
      "limits.watched-names", "100000", "Watched names, counted for each watch, 1–10000000"),
  LIMITS_LOCKS(
      "limits.locks",
      "1000000",
      "Held grants that were made or renewed through this server, 1–10000000"),
  LIMITS_CONNECTIONS("limits.connections", "20000", "Open connections of gRPC, 1–1000000"),
  LIMITS_MEMORY_PERCENT(
      "limits.memory-percent", "50", "Percent of the largest heap for the data of clients, 10–80"),
  LIMITS_CLIENT_PERCENT(
      "limits.client-percent",
      "25",
      "Percent of each limit from open-calls to memory-percent for one client, 1–100"),
  LIMITS_CALLS_PER_CONNECTION(
      "limits.calls-per-connection", "10000", "Open calls on one connection, 1–1000000"),
  LIMITS_SESSION_OPERATIONS(
      "limits.session-operations", "100000", "Unanswered operations of one session, 1000–10000000"),
  LIMITS_MESSAGE_BYTES("limits.message-bytes", "65536", "Largest request in bytes, 8192–4194304"),
  CONNECTION_KEEP_ALIVE(
      "connection.keep-alive", "10s", "Silence after which the server pings the client, 10s–1h"),
  CONNECTION_KEEP_ALIVE_TIMEOUT(
      "connection.keep-alive-timeout",
      "5s",
      "Further silence after which the connection is closed, 1s–1h"),
  CONNECTION_MAX_IDLE(
      "connection.max-idle",
      "5m",
      "Time without a call after which a connection is closed, 1s–30d, or off"),
  CONNECTION_MAX_AGE(
      "connection.max-age", "off", "Age at which a client is asked to reconnect, 1s–30d, or off"),
  CONNECTION_MAX_AGE_GRACE(
      "connection.max-age-grace",
      "off",
      "Time for open calls on such a connection, 1s–30d; off lets them finish"),
  DRAIN_TIMEOUT(
      "drain-timeout", "20s", "Longest time between SIGTERM and the end of the process, 0s–24h"),
  REFLECTION(
      "reflection", "false", "true lets anybody read the service descriptors, as grpcurl does"),
  LOG_FORMAT("log.format", "text", "text for people, or json with one object per line"),
  LOG_LEVEL(
      "log.level", "info", "trace, debug, info, warn or error; applies to Fencepost's own lines");

  /** Prefix of the settings that the store itself defines. */
  static final String STORE_OPTIONS = "store-options.";

  /** Path of the YAML file. Read from flags and the environment only. */
  static final String CONFIG = "config";

  private static final Map<String, ConfigKey> BY_TEXT =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(ConfigKey::text, Function.identity()));

  private final String text;
  private final String fallback;
  private final String description;

  ConfigKey(String text, String fallback, String description) {
    this.text = text;
    this.fallback = fallback;
    this.description = description;
  }

  static Optional<ConfigKey> of(String text) {
    return Optional.ofNullable(BY_TEXT.get(text));
  }

  /** Returns true if some key begins with the text and a dot. */
  static boolean isGroup(String text) {
    String group = text + ".";
    return group.equals(STORE_OPTIONS)
        || BY_TEXT.keySet().stream().anyMatch(key -> key.startsWith(group));
  }

  /** Returns the key as files and flags write it. */
  String text() {
    return text;
  }

  /** Returns the default value; empty if there is none. */
  String fallback() {
    return fallback;
  }

  /** Returns the meaning and the range of the setting, in one line. */
  String description() {
    return description;
  }

  /** Returns the key as the environment writes it. */
  String variable() {
    return variable(text);
  }

  static String variable(String text) {
    return EnvironmentSource.PREFIX
        + text.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }
}
