package dev.fencepost.backend.jdbc.connection;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parameters of a JDBC URI, percent-decoded. PostgreSQL's driver decodes them itself, MariaDB's
 * does not. A plus sign and a percent sign without two digits mean themselves.
 */
public final class UriParameters {
  private UriParameters() {}

  /** Parses the text after the question mark. If two have the same name, the last one counts. */
  public static Map<String, String> parse(String query) {
    Map<String, String> all = new LinkedHashMap<>();
    for (String each : query.split("&", -1)) {
      if (!each.isEmpty()) {
        int equals = each.indexOf('=');
        String name = equals < 0 ? each : each.substring(0, equals);
        all.put(decoded(name), equals < 0 ? "" : decoded(each.substring(equals + 1)));
      }
    }
    return all;
  }

  /**
   * Joins parameters for a driver that does not decode, each followed by an ampersand. Such a
   * driver cuts a value with an ampersand in it there.
   */
  public static String join(Map<String, String> parameters) {
    StringBuilder text = new StringBuilder();
    parameters.forEach((name, value) -> text.append(name).append('=').append(value).append('&'));
    return text.toString();
  }

  private static String decoded(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    String plain = text.replaceAll("%(?![0-9a-fA-F]{2})", "%25").replace("+", "%2B");
    return URLDecoder.decode(plain, StandardCharsets.UTF_8);
  }
}
