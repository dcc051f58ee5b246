package dev.fencepost.server;

import dev.fencepost.server.config.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.Locale;

/** Resolves the addresses of the server, and explains why one cannot be used. */
final class ListenAddresses {
  private ListenAddresses() {}

  static InetSocketAddress resolve(String key, HostPort address) throws StartException {
    try {
      return address.resolve();
    } catch (UnknownHostException e) {
      throw new StartException(key + ": " + address + " has an unknown host", e);
    }
  }

  /** Returns the address, with a port that was free a moment ago if its port is 0. */
  static InetSocketAddress withPort(InetSocketAddress address) throws IOException {
    if (address.getPort() != 0) {
      return address;
    }
    try (ServerSocket socket = new ServerSocket(0, 1, address.getAddress())) {
      return new InetSocketAddress(address.getAddress(), socket.getLocalPort());
    }
  }

  /** Returns the address for clients and peers. They cannot connect to a wildcard. */
  static HostPort advertised(HostPort listen, InetSocketAddress bound) {
    if (!bound.getAddress().isAnyLocalAddress()) {
      return listen.withPort(bound.getPort());
    }
    try {
      return new HostPort(InetAddress.getLocalHost().getHostName(), bound.getPort());
    } catch (UnknownHostException e) {
      return new HostPort("localhost", bound.getPort());
    }
  }

  static StartException cannotListen(String key, HostPort address, IOException e) {
    Throwable root = e;
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      root = cause;
    }
    String why = String.valueOf(root.getMessage());
    boolean inUse = why.toLowerCase(Locale.ROOT).contains("address already in use");
    return new StartException(
        key + ": " + address + (inUse ? " is in use by another process" : ": " + why), e);
  }
}
