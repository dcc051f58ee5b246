package dev.fencepost.server.config;

import java.util.regex.Pattern;

/** Makes text from settings fit to be shown. */
public final class Secrets {
  private static final String MASK = "***";
  private static final Pattern NAMED =
      Pattern.compile(
          "(?i)([\\w.-]*(?:password|passwd|pwd|secret|token|credential)[\\w.-]*=)[^&;,\\s]+");
  private static final Pattern USER_INFO = Pattern.compile("(//[^/@:?#]*):[^/?#]*@");
  private static final Pattern SECRET_KEY =
      Pattern.compile("(?i).*(password|passwd|pwd|secret|credential|token|key).*");

  private Secrets() {}

  /** The URI with whatever looks like a password masked. */
  public static String mask(String uri) {
    return NAMED
        .matcher(USER_INFO.matcher(uri).replaceAll("$1:" + MASK + "@"))
        .replaceAll("$1" + MASK);
  }

  /** The value of a setting as messages may show it. */
  static String shown(String key, String value) {
    return SECRET_KEY.matcher(key).matches() ? MASK : mask(value);
  }
}
