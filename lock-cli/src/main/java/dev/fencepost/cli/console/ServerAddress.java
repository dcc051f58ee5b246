package dev.fencepost.cli.console;

import dev.fencepost.lock.InvalidValueException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The address of a server.
 *
 * @param host a name or an address, IPv6 without brackets
 * @param port 1–65535
 */
public record ServerAddress(String host, int port) {
  static final int DEFAULT_PORT = 7420;
  public static final ServerAddress DEFAULT = new ServerAddress("127.0.0.1", DEFAULT_PORT);

  private static final int MAX_PORT = 65_535;
  private static final Pattern SYNTAX =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.%a-z]+)]|([^\\[\\]:/\\s]+))(?::(\\d{1,5}))?");

  /** Reads {@code host[:port]} or {@code [IPv6][:port]}, several separated by commas. */
  static List<ServerAddress> parseList(String text) {
    return Arrays.stream(text.split(",", -1)).map(one -> parse(one.strip())).toList();
  }

  private static ServerAddress parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw malformed(text);
    }
    String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    int port = matcher.group(3) == null ? DEFAULT_PORT : Integer.parseInt(matcher.group(3));
    if (port < 1 || port > MAX_PORT) {
      throw malformed(text);
    }
    return new ServerAddress(host, port);
  }

  private static InvalidValueException malformed(String text) {
    return InvalidValueException.of(
        "--server", text, "host:port or [IPv6]:port, several separated by commas");
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
