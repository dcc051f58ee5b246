package dev.fencepost.server.config;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The settings given as environment variables {@code FENCEPOST_…}. An empty one is as good as none.
 * Variables that are the clients' or that an orchestrator sets for a service called "fencepost" are
 * not ours to judge.
 */
final class Variables extends LocatedSource {
  static final String PREFIX = "FENCEPOST_";
  private static final String OPTIONS = Key.variable(Key.STORE_OPTIONS);

  private static final Set<String> OTHERS =
      Set.of(
          "CONFIG",
          "LOCK",
          "CLAIM",
          "TOKEN",
          "TOKEN_FILE",
          "SERVER",
          "NAMESPACE",
          "TIMEOUT",
          "OUTPUT",
          "HOME",
          "JAVA_OPTS");

  /** Kubernetes announces each service this way. */
  private static final Pattern SERVICE_LINK = Pattern.compile("PORT(_.*)?|(.*_)?SERVICE_.*");

  Variables(Map<String, String> environment) {
    super("environment", 200, settings(environment));
  }

  @Override
  String locate(String key) {
    return "environment variable " + (key.startsWith(PREFIX) ? key : Key.variable(key));
  }

  private static Map<String, String> settings(Map<String, String> environment) {
    Map<String, String> names = new HashMap<>();
    for (Key key : Key.values()) {
      names.put(key.variable(), key.text());
    }
    Map<String, String> settings = new HashMap<>();
    environment.forEach(
        (variable, value) -> {
          if (variable.startsWith(PREFIX) && !value.isEmpty() && !isForeign(variable)) {
            settings.put(names.getOrDefault(variable, optionOrItself(variable)), value);
          }
        });
    return settings;
  }

  private static boolean isForeign(String variable) {
    String rest = variable.substring(PREFIX.length());
    return OTHERS.contains(rest) || SERVICE_LINK.matcher(rest).matches();
  }

  private static String optionOrItself(String variable) {
    return variable.startsWith(OPTIONS)
        ? Key.STORE_OPTIONS
            + variable.substring(OPTIONS.length()).toLowerCase(Locale.ROOT).replace('_', '-')
        : variable;
  }
}
