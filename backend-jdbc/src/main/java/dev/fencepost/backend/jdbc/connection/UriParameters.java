package dev.fencepost.backend.jdbc.connection;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The parameters of a JDBC URI, percent-decoded. PostgreSQL's driver decodes them itself, MariaDB's
 * does not. A plus sign and a percent sign without two digits mean themselves.
 *
 * @param all all parameters in order; if two have the same name, the last one counts
 */
public record UriParameters(List<Parameter> all) {

  /** A name and its value, both decoded. */
  record Parameter(String name, String value) {}

  /** Parses the text after the question mark. */
  public static UriParameters parse(String query) {
    List<Parameter> all = new ArrayList<>();
    for (String each : query.split("&", -1)) {
      if (!each.isEmpty()) {
        int equals = each.indexOf('=');
        String name = equals < 0 ? each : each.substring(0, equals);
        all.add(
            new Parameter(decoded(name), equals < 0 ? "" : decoded(each.substring(equals + 1))));
      }
    }
    return new UriParameters(all);
  }

  /** The value of a parameter. */
  public Optional<String> value(String name) {
    return all.stream()
        .filter(each -> each.name().equals(name))
        .map(Parameter::value)
        .reduce((former, latter) -> latter);
  }

  /**
   * All other parameters in the form for a driver that does not decode, each followed by an
   * ampersand. Such a driver cuts a value with an ampersand in it there.
   */
  public String without(String... names) {
    List<String> omitted = Arrays.asList(names);
    StringBuilder text = new StringBuilder();
    for (Parameter each : all) {
      if (!omitted.contains(each.name())) {
        text.append(each.name()).append('=').append(each.value()).append('&');
      }
    }
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
