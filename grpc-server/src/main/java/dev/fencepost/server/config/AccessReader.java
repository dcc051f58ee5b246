package dev.fencepost.server.config;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.server.config.JwtSettings.Algorithm;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the settings of identity and rights. */
final class AccessReader {
  private static final Pattern ISSUER_NAME = Pattern.compile("[a-z0-9-]{1,63}");

  private final SettingsReader settings;

  AccessReader(SettingsReader settings) {
    this.settings = settings;
  }

  AccessSettings read() {
    AccessSettings access =
        new AccessSettings(
            settings.file(ConfigKey.RULES_FILE),
            settings.file(ConfigKey.IDENTITY_TOKENS_FILE),
            jwt(),
            settings.choice(ConfigKey.IDENTITY_ANONYMOUS, AccessSettings.Anonymous.class),
            settings.choice(ConfigKey.IDENTITY_UNOWNED, AccessSettings.Unowned.class),
            settings.duration(
                ConfigKey.IDENTITY_EXPIRED_GRACE, Duration.ZERO, Duration.ofHours(24)));
    if (access.isOn() && settings.yesNo(ConfigKey.REFLECTION)) {
      settings.reject(
          ConfigKey.REFLECTION,
          "false with rules.file or a source of identity; it knows no rights");
    }
    requireTls(ConfigKey.IDENTITY_TOKENS_FILE);
    requireTls(ConfigKey.IDENTITY_JWT_KEYS);
    return access;
  }

  /** Tokens in plain text beyond this machine would be refused at each call. */
  private void requireTls(ConfigKey source) {
    if (!settings.text(source).isEmpty()
        && settings.text(ConfigKey.TLS_CERTIFICATE).isEmpty()
        && !TlsReader.isLocal(settings.text(ConfigKey.LISTEN))) {
      settings.reject(
          source,
          "nothing, since "
              + ConfigKey.LISTEN.text()
              + " has no TLS: everybody on the network could read the tokens");
    }
  }

  private Optional<JwtSettings> jwt() {
    Duration leeway =
        settings.duration(ConfigKey.IDENTITY_JWT_LEEWAY, Duration.ZERO, Duration.ofMinutes(5));
    Duration refresh =
        settings.duration(
            ConfigKey.IDENTITY_JWT_REFRESH, Duration.ofSeconds(10), Duration.ofHours(24));
    Duration outage =
        settings.duration(
            ConfigKey.IDENTITY_JWT_OUTAGE, Duration.ofMinutes(1), Duration.ofDays(30));
    String name = settings.read(ConfigKey.IDENTITY_JWT_NAME, AccessReader::issuerName);
    Set<Algorithm> algorithms =
        settings.read(ConfigKey.IDENTITY_JWT_ALGORITHMS, AccessReader::algorithms);
    String keys = settings.read(ConfigKey.IDENTITY_JWT_KEYS, AccessReader::keys);
    if (keys.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new JwtSettings(
            keys,
            mandatory(ConfigKey.IDENTITY_JWT_ISSUER),
            mandatory(ConfigKey.IDENTITY_JWT_AUDIENCE),
            name,
            algorithms,
            leeway,
            refresh,
            outage));
  }

  private String mandatory(ConfigKey key) {
    String text = settings.text(key);
    if (text.isEmpty()) {
      settings.reject(key, "a value, since " + ConfigKey.IDENTITY_JWT_KEYS.text() + " is set");
    }
    return text;
  }

  private static String keys(String text) {
    String key = ConfigKey.IDENTITY_JWT_KEYS.text();
    if (text.contains("://") && !text.startsWith(JwtSettings.HTTPS)) {
      throw InvalidValueException.of(key, text, "a file or an https URL");
    }
    try {
      if (text.startsWith(JwtSettings.HTTPS) && new URI(text).getHost() == null) {
        throw InvalidValueException.of(key, text, "an https URL with a host");
      }
      return text;
    } catch (URISyntaxException e) {
      throw InvalidValueException.of(key, text, "an https URL");
    }
  }

  private static String issuerName(String text) {
    if (!ISSUER_NAME.matcher(text).matches()) {
      throw InvalidValueException.of(
          ConfigKey.IDENTITY_JWT_NAME.text(), text, "1–63 characters of a-z, 0-9 and -");
    }
    return text;
  }

  private static Set<Algorithm> algorithms(String text) {
    Set<Algorithm> all = EnumSet.noneOf(Algorithm.class);
    for (String each : text.split(",", -1)) {
      all.add(
          Arrays.stream(Algorithm.values())
              .filter(algorithm -> algorithm.name().equals(each.trim()))
              .findFirst()
              .orElseThrow(
                  () ->
                      InvalidValueException.of(
                          ConfigKey.IDENTITY_JWT_ALGORITHMS.text(),
                          text,
                          "RS256, ES256 or both with a comma")));
    }
    return all;
  }
}
