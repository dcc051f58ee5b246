package dev.fencepost.server.config;

import java.util.HashMap;
import java.util.Map;

/** Settings from flags. They have the highest precedence. */
final class FlagSource extends LocatedSource {

  FlagSource(Map<String, String> flags) {
    super("flags", 300, withoutConfig(flags));
  }

  @Override
  String locate(String key) {
    return "flag --" + key;
  }

  private static Map<String, String> withoutConfig(Map<String, String> flags) {
    Map<String, String> rest = new HashMap<>(flags);
    rest.remove(ConfigKey.CONFIG);
    return rest;
  }
}
