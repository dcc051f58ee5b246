package dev.fencepost.server.config;

import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** A source of settings that knows the location of each, for messages to people. */
abstract class LocatedSource implements ConfigSource {
  private final String name;
  private final int ordinal;
  private final Map<String, String> values;

  LocatedSource(String name, int ordinal, Map<String, String> values) {
    this.name = name;
    this.ordinal = ordinal;
    this.values = Map.copyOf(values);
  }

  /** Returns the location of the key, as a person would look for it. */
  abstract String locate(String key);

  @Override
  public final String getName() {
    return name;
  }

  @Override
  public final int getOrdinal() {
    return ordinal;
  }

  @Override
  public final Set<String> getPropertyNames() {
    return values.keySet();
  }

  @Override
  public final Map<String, String> getProperties() {
    return values;
  }

  @Override
  public final @Nullable String getValue(String key) {
    return values.get(key);
  }
}
