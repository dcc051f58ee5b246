package dev.fencepost.benchmarks.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A longer wire: whatever passes arrives so much later, however much is on its way (a wire delays;
 * it does not narrow). Arguments: the port to pass on to, microseconds for each direction. Prints
 * the port it listens on.
 */
public final class DelayMain {
  private static final int CHUNK_BYTES = 64 * 1024;
  private static final int MOST_ON_THE_WAY = 4096;
  private static final int BACKLOG = 256;

  private DelayMain() {}

  /** What was read, and when it is due. */
  private record Chunk(ByteBuffer bytes, long dueNanos) {}

  /** Runs until it is killed. */
  public static void main(String[] arguments) throws IOException {
    int target = Integer.parseInt(arguments[0]);
    long delayNanos = TimeUnit.MICROSECONDS.toNanos(Long.parseLong(arguments[1]));
    try (ServerSocket listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress())) {
      System.out.println("port " + listener.getLocalPort());
      while (true) {
        serve(listener.accept(), target, delayNanos);
      }
    }
  }

  private static void serve(Socket client, int target, long delayNanos) throws IOException {
    Socket server = new Socket();
    server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
    client.setTcpNoDelay(true);
    server.setTcpNoDelay(true);
    carry(client, server, delayNanos);
    carry(server, client, delayNanos);
  }

  private static void carry(Socket from, Socket to, long delayNanos) {
    BlockingQueue<Chunk> way = new LinkedBlockingQueue<>(MOST_ON_THE_WAY);
    start("read", () -> read(from, way, delayNanos));
    start("write", () -> write(to, way));
  }

  private static void read(Socket from, BlockingQueue<Chunk> way, long delayNanos)
      throws InterruptedException {
    byte[] buffer = new byte[CHUNK_BYTES];
    try (InputStream in = from.getInputStream()) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        way.put(
            new Chunk(
                ByteBuffer.wrap(Arrays.copyOf(buffer, read)), System.nanoTime() + delayNanos));
      }
    } catch (IOException e) {
      // Broken is ended.
    }
    way.put(new Chunk(ByteBuffer.allocate(0), System.nanoTime() + delayNanos));
  }

  private static void write(Socket to, BlockingQueue<Chunk> way) throws InterruptedException {
    try (to;
        OutputStream out = to.getOutputStream()) {
      while (true) {
        Chunk chunk = way.take();
        for (long left = left(chunk); left > 0; left = left(chunk)) {
          LockSupport.parkNanos(left);
        }
        if (!chunk.bytes().hasRemaining()) {
          return;
        }
        out.write(chunk.bytes().array());
      }
    } catch (IOException e) {
      // The reader of the other direction sees it too.
    }
  }

  private static long left(Chunk chunk) {
    return chunk.dueNanos() - System.nanoTime();
  }

  private static void start(String name, Step step) {
    Thread thread =
        new Thread(
            () -> {
              try {
                step.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Part of the work. */
  @FunctionalInterface
  private interface Step {
    void run() throws InterruptedException;
  }
}
