package dev.fencepost.server.config;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.Lease;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.ConfigValue;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Reads settings into their types and collects all faults. An invalid setting is read as its
 * default, so that the others are checked too.
 */
final class SettingsReader {
  private final SmallRyeConfig config;
  private final Map<String, LocatedSource> sources = new HashMap<>();
  private final List<ConfigProblem> problems = new ArrayList<>();

  SettingsReader(List<LocatedSource> sources) {
    Map<String, String> fallbacks =
        Arrays.stream(ConfigKey.values())
            .filter(key -> !key.fallback().isEmpty())
            .collect(Collectors.toMap(ConfigKey::text, ConfigKey::fallback));
    this.config =
        new SmallRyeConfigBuilder()
            .withSources(sources.toArray(ConfigSource[]::new))
            .withDefaultValues(fallbacks)
            .build();
    sources.forEach(source -> this.sources.put(source.getName(), source));
    sources.forEach(this::rejectUnknown);
  }

  String text(ConfigKey key) {
    return Optional.ofNullable(value(key).getValue()).orElse("");
  }

  /** Returns the path of a file; empty if it is unset. */
  Optional<Path> file(ConfigKey key) {
    return Optional.of(text(key)).filter(text -> !text.isEmpty()).map(Path::of);
  }

  /** Returns the settings that begin with the prefix, without the prefix. */
  Map<String, String> group(String prefix) {
    Map<String, String> group = new HashMap<>();
    for (LocatedSource source : sources.values()) {
      for (String key : source.getPropertyNames()) {
        if (key.startsWith(prefix)) {
          group.put(key.substring(prefix.length()), config.getConfigValue(key).getValue());
        }
      }
    }
    return group;
  }

  <T> T read(ConfigKey key, Function<String, T> parser) {
    try {
      return parser.apply(text(key));
    } catch (InvalidValueException e) {
      reject(key, e.expected());
      return parser.apply(key.fallback());
    }
  }

  Duration duration(ConfigKey key, Duration least, Duration most) {
    return read(
        key,
        text ->
            Lease.requireBetween(key.text(), DurationFormat.parse(key.text(), text), least, most));
  }

  /** Reads a duration, or {@code off}. */
  Optional<Duration> optionalDuration(ConfigKey key, Duration least, Duration most) {
    return text(key).equals("off")
        ? Optional.empty()
        : read(
            key,
            text ->
                text.equals("off")
                    ? Optional.empty()
                    : Optional.of(
                        Lease.requireBetween(
                            key.text(), DurationFormat.parse(key.text(), text), least, most)));
  }

  int number(ConfigKey key, int least, int most) {
    return read(
        key,
        text -> {
          String expected = "a whole number, " + least + "–" + most;
          try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
              return number;
            }
          } catch (NumberFormatException e) {
            throw InvalidValueException.of(key.text(), text, expected);
          }
          throw InvalidValueException.of(key.text(), text, expected);
        });
  }

  boolean yesNo(ConfigKey key) {
    return read(
        key,
        text ->
            switch (text.toLowerCase(Locale.ROOT)) {
              case "true" -> true;
              case "false" -> false;
              default -> throw InvalidValueException.of(key.text(), text, "true or false");
            });
  }

  <E extends Enum<E>> E choice(ConfigKey key, Class<E> type) {
    return read(
        key,
        text -> {
          for (E each : type.getEnumConstants()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT))) {
              return each;
            }
          }
          String names =
              Arrays.stream(type.getEnumConstants())
                  .map(each -> each.name().toLowerCase(Locale.ROOT))
                  .collect(Collectors.joining(", "));
          throw InvalidValueException.of(key.text(), text, "one of " + names);
        });
  }

  /** Adds a fault of a well-formed value. */
  void reject(ConfigKey key, String expected) {
    ConfigValue value = value(key);
    LocatedSource source = sources.get(value.getSourceName());
    String location = source == null ? "the default" : source.locate(key.text());
    problems.add(new ConfigProblem(key.text(), quoted(key.text(), text(key)), expected, location));
  }

  /** Throws an exception if there was any fault. */
  void requireValid() {
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
  }

  private ConfigValue value(ConfigKey key) {
    return config.getConfigValue(key.text());
  }

  private void rejectUnknown(LocatedSource source) {
    for (String key : new TreeSet<>(source.getPropertyNames())) {
      if (ConfigKey.of(key).isEmpty() && !key.startsWith(ConfigKey.STORE_OPTIONS)) {
        String value = String.valueOf(source.getValue(key));
        problems.add(
            new ConfigProblem(
                key, quoted(key, value), "a known key" + suggestion(key), source.locate(key)));
      }
    }
  }

  private static String suggestion(String unknown) {
    return Arrays.stream(ConfigKey.values())
        .map(key -> unknown.startsWith(EnvironmentSource.PREFIX) ? key.variable() : key.text())
        .filter(key -> EditDistance.distance(key, unknown) <= 2)
        .findFirst()
        .map(key -> "; did you mean " + key + "?")
        .orElse("; see docs/configuration.md");
  }

  private static String quoted(String key, String value) {
    return "\"" + SecretMask.maskValue(key, value) + "\"";
  }
}
