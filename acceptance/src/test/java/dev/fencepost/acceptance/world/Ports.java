package dev.fencepost.acceptance.world;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Ports of the loopback address below those that systems give to outgoing connections, so that a
 * server finds its port free when it comes back.
 */
public final class Ports {

  private static final int LOWEST = 15_000;
  private static final int COUNT = 15_000;
  private static final int TRIES = 200;

  private Ports() {}

  public static int free() {
    Random random = new Random();
    for (int i = 0; i < TRIES; i++) {
      int port = LOWEST + random.nextInt(COUNT);
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return port;
      } catch (IOException e) {
        // Taken: the next one.
      }
    }
    throw new IllegalStateException("no free port in " + TRIES + " tries");
  }
}
