package dev.fencepost.server.support;

import dev.fencepost.server.config.ServerConfig;
import java.util.HashMap;
import java.util.Map;

/** Configurations for tests, with free ports of this machine. */
public final class TestConfigs {
  private TestConfigs() {}

  /** Returns the defaults with free ports and these settings, each a key followed by its value. */
  public static ServerConfig with(String... keysAndValues) {
    Map<String, String> flags = new HashMap<>();
    flags.put("listen", "127.0.0.1:0");
    flags.put("http-listen", "127.0.0.1:0");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      flags.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return ServerConfig.load(flags, Map.of());
  }
}
