package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.InvalidValueException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The address of a server.
 *
 * @param host a name or an address, IPv6 without brackets
 * @param port 1–65535
 */
public record ReplicaAddress(String host, int port) {
  static final int DEFAULT_PORT = 7420;

  private static final int MAX_PORT = 65_535;
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}");
  private static final Pattern SYNTAX =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.%a-z]+)]|([^\\[\\]:/\\s,]+))(?::(\\d{1,5}))?");

  /** Parses {@code host[:port]} or {@code [IPv6][:port]}. */
  static ReplicaAddress parse(String text) {
    return read(text)
        .orElseThrow(() -> InvalidValueException.of("target", text, "host:port or [IPv6]:port"));
  }

  /** As {@link #parse}; empty if the text is not an address. */
  static Optional<ReplicaAddress> read(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    int port = matcher.group(3) == null ? DEFAULT_PORT : Integer.parseInt(matcher.group(3));
    return port < 1 || port > MAX_PORT
        ? Optional.empty()
        : Optional.of(new ReplicaAddress(host, port));
  }

  /**
   * Whether it is surely on this machine. Asks no resolver, so a name other than localhost is not.
   */
  boolean isLoopback() {
    return host.equals("localhost") || host.equals("::1") || LOOPBACK.matcher(host).matches();
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
