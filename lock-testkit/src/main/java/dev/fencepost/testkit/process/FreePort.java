package dev.fencepost.testkit.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
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

  private static final Random RANDOM = new Random();
  private static final List<ServerSocket> OWN_BLOCKS = new ArrayList<>();
  private static int next;

  private FreePort() {}

  /**
   * One more port.
   *
   * @throws IllegalStateException if there is none
   */
  public static synchronized int next() {
    for (int i = 0; i < TRIES; i++) {
      if (next % BLOCK == 0 && !takeBlock()) {
        continue;
      }
      int port = next++;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port on the loopback address in " + TRIES + " tries");
  }

  /** Goes on in another block, if nobody has it. */
  private static boolean takeBlock() {
    int first = LOWEST + BLOCK * RANDOM.nextInt(BLOCKS);
    try {
      OWN_BLOCKS.add(listen(first));
      next = first + 1;
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = listen(port)) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  private static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }
}
