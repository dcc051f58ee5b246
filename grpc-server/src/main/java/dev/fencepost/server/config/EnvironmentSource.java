package dev.fencepost.server.config;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Settings from environment variables {@code FENCEPOST_…}. An empty variable counts as unset.
 * Ignores variables of clients and of the launcher, and variables that Kubernetes sets for each
 * service of the namespace whose name is "fencepost" or begins with it.
 */
final class EnvironmentSource extends LocatedSource {
  static final String PREFIX = "FENCEPOST_";
  private static final String OPTIONS = ConfigKey.variable(ConfigKey.STORE_OPTIONS);

  private static final Set<String> OTHER_PROGRAMS =
      Set.of(
          "CONFIG",
          "LOCK",
          "CLAIM",
          "TOKEN",
          "SERVER",
          "CONTEXT",
          "TLS_CA",
          "CLIENT_CERT",
          "CLIENT_KEY",
          "TLS_SERVER_NAME",
          "TOKEN_FILE",
          "JAVA_OPTS");

  /** Variables that Kubernetes sets for each service, in the form of Docker's links. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

  /** First port of a service: a URL, where a person would write a number. */
  private static final Pattern SERVICE_PORT = Pattern.compile("(.*_)?PORT=(tcp|udp|sctp)://.*");

  EnvironmentSource(Map<String, String> environment) {
    super("environment", 200, settings(environment));
  }

  @Override
  String locate(String key) {
    return "environment variable " + (key.startsWith(PREFIX) ? key : ConfigKey.variable(key));
  }

  private static Map<String, String> settings(Map<String, String> environment) {
    Map<String, String> names = new HashMap<>();
    for (ConfigKey key : ConfigKey.values()) {
      names.put(key.variable(), key.text());
    }
    Map<String, String> settings = new HashMap<>();
    environment.forEach(
        (variable, value) -> {
          if (variable.startsWith(PREFIX) && !value.isEmpty() && !isForeign(variable, value)) {
            settings.put(names.getOrDefault(variable, optionOrItself(variable)), value);
          }
        });
    return settings;
  }

  private static boolean isForeign(String variable, String value) {
    String rest = variable.substring(PREFIX.length());
    return OTHER_PROGRAMS.contains(rest)
        || SERVICE_LINK.matcher(rest).matches()
        || SERVICE_PORT.matcher(rest + "=" + value).matches();
  }

  private static String optionOrItself(String variable) {
    return variable.startsWith(OPTIONS)
        ? ConfigKey.STORE_OPTIONS
            + variable.substring(OPTIONS.length()).toLowerCase(Locale.ROOT).replace('_', '-')
        : variable;
  }
}
