package dev.fencepost.testkit.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Ports of the loopback address that nobody listens on. They lie below the range from which systems
 * take the ports of outgoing connections, so that one stays free while a server is down. Each is
 * given once, and by one process only: a process takes blocks of ports, and shows that by listening
 * on the first of each for as long as it lives. Safe for use by many threads.
 */
public final class FreePort {

  private static final int LOWEST = 15_000;
  private static final int BLOCKS = 150;
  private static final int BLOCK = 100;
  private static final int TRIES = 500;

  private static final List<ServerSocket> OWN_BLOCKS = new ArrayList<>();
  private static int next;

  private FreePort() {}

  /**
   * One more port.
   *
   * @throws IllegalStateException if there is none
   */
  public static synchronized int next() {
    Random random = new Random();
    for (int i = 0; i < TRIES; i++) {
      if (next % BLOCK == 0) {
        int first = LOWEST + BLOCK * random.nextInt(BLOCKS);
        Optional<ServerSocket> block = listen(first);
        if (block.isEmpty()) {
          continue;
        }
        OWN_BLOCKS.add(block.orElseThrow());
        next = first + 1;
      }
      int port = next++;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port on the loopback address in " + TRIES + " tries");
  }

  private static boolean isFree(int port) {
    Optional<ServerSocket> socket = listen(port);
    try (ServerSocket closed = socket.orElse(null)) {
      return closed != null;
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<ServerSocket> listen(int port) {
    try {
      return Optional.of(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
