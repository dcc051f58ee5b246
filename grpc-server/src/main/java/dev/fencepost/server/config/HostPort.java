package dev.fencepost.server.config;

import dev.fencepost.lock.InvalidValueException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * Host and port on which a server listens or is reachable.
 *
 * @param host name or address; an IPv6 address without its brackets
 * @param port 0–65535; 0 lets the system choose
 */
public record HostPort(String host, int port) {
  private static final int MAX_PORT = 65_535;
  private static final String EXPECTED =
      "host:port, for example 127.0.0.1:7420, 0.0.0.0:7420 or [::1]:7420";

  /**
   * Parses {@code host:port} or {@code [ipv6]:port}.
   *
   * @throws InvalidValueException naming {@code field}, if the text has another form
   */
  public static HostPort parse(String field, String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    if (host.isBlank() || (!bracketed && host.indexOf(':') >= 0)) {
      throw InvalidValueException.of(field, text, EXPECTED);
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port < 0 || port > MAX_PORT) {
        throw InvalidValueException.of(field, text, "a port of 0–" + MAX_PORT);
      }
      return new HostPort(host, port);
    } catch (NumberFormatException e) {
      throw InvalidValueException.of(field, text, EXPECTED);
    }
  }

  /** Returns the host and the port of an address. */
  public static HostPort of(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  /** Returns the same host with another port. */
  public HostPort withPort(int other) {
    return new HostPort(host, other);
  }

  /** Resolves the host. */
  public InetSocketAddress resolve() throws UnknownHostException {
    return new InetSocketAddress(InetAddress.getByName(host), port);
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
