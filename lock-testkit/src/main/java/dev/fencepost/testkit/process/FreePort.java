package dev.fencepost.testkit.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Finds a port of the loopback address that nobody listens on. It lies below the range from which
 * systems take the ports of outgoing connections, so that it stays free while a store is down.
 */
final class FreePort {

  private static final int LOWEST = 15_000;
  private static final int COUNT = 15_000;
  private static final int TRIES = 200;

  private FreePort() {}

  static int next() {
    Random random = new Random();
    for (int i = 0; i < TRIES; i++) {
      int port = LOWEST + random.nextInt(COUNT);
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port on the loopback address in " + TRIES + " tries");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
