package dev.fencepost.server.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Masks secrets in settings before they are shown. A URI can contain passwords in many forms,
 * hostile ones included. So only parts that are known to be no secret are shown, instead of hiding
 * parts that look like one.
 */
public final class SecretMask {
  private static final String MASK = "***";

  /** The scheme, for JDBC with its parts, and the rest. */
  private static final Pattern URI =
      Pattern.compile(
          "(?is)(jdbc:[a-z]{1,20}:(?:[a-z]{1,20}:(?=//))?|[a-z][a-z0-9+.-]{0,30}:)(.*)");

  private static final Pattern SECRET_KEY =
      Pattern.compile("(?i).*(password|passwd|pwd|secret|credential|token|key).*");

  private SecretMask() {}

  /**
   * Returns a store URI as messages may show it: the scheme, the hosts and the path. Hidden are
   * everything before the last {@code @}, everything from the first {@code ?}, {@code ;} or {@code
   * #}, and a text without a scheme.
   */
  public static String mask(String uri) {
    Matcher parts = URI.matcher(uri);
    if (!parts.matches()) {
      return MASK;
    }
    String scheme = parts.group(1);
    String rest = parts.group(2);
    int end = endOfPath(rest);
    int at = rest.lastIndexOf('@');
    if (rest.startsWith("//") && at < end) {
      String hosts = at < 0 ? rest.substring(2, end) : MASK + rest.substring(at, end);
      return scheme + "//" + hosts + masked(rest, end);
    }
    // The folder of an H2 store is shown. With an '@' it may be no folder, and is hidden.
    return scheme.equals("h2:") && at < 0
        ? scheme + rest.substring(0, end) + masked(rest, end)
        : scheme + MASK;
  }

  /** Returns the value of a setting as messages may show it. */
  static String maskValue(String key, String value) {
    if (key.equals(ConfigKey.TLS_KEY.text()) && !value.contains("-----")) {
      return value; // the path of the key, not the key
    }
    if (SECRET_KEY.matcher(key).matches() && !key.equals(ConfigKey.IDENTITY_JWT_KEYS.text())) {
      return MASK;
    }
    boolean mayHoldSecrets =
        key.equals(ConfigKey.STORE.text()) || value.matches("(?s).*[@=;].*|.*://.*");
    return mayHoldSecrets ? mask(value) : value;
  }

  private static int endOfPath(String rest) {
    for (int i = 0; i < rest.length(); i++) {
      if ("?;#".indexOf(rest.charAt(i)) >= 0) {
        return i;
      }
    }
    return rest.length();
  }

  private static String masked(String rest, int end) {
    return end == rest.length() ? "" : rest.charAt(end) + MASK;
  }
}
