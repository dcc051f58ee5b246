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
 * A proxy that delays all bytes by a fixed time. It does not limit the bandwidth: any amount may be
 * in flight. Arguments: the port to forward to, and the microseconds for each direction. Prints the
 * port that it listens on.
 */
public final class DelayMain {
  private static final int CHUNK_BYTES = 64 * 1024;
  private static final int MAX_CHUNKS_IN_FLIGHT = 4096;
  private static final int BACKLOG = 256;

  private DelayMain() {}

  /** Bytes that were read, and the time to write them. */
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
    forward(client, server, delayNanos);
    forward(server, client, delayNanos);
  }

  private static void forward(Socket from, Socket to, long delayNanos) {
    BlockingQueue<Chunk> inFlight = new LinkedBlockingQueue<>(MAX_CHUNKS_IN_FLIGHT);
    start("read", () -> read(from, inFlight, delayNanos));
    start("write", () -> write(to, inFlight));
  }

  private static void read(Socket from, BlockingQueue<Chunk> inFlight, long delayNanos)
      throws InterruptedException {
    byte[] buffer = new byte[CHUNK_BYTES];
    try (InputStream in = from.getInputStream()) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        inFlight.put(
            new Chunk(
                ByteBuffer.wrap(Arrays.copyOf(buffer, read)), System.nanoTime() + delayNanos));
      }
    } catch (IOException e) {
      // A broken connection ends like a closed one.
    }
    inFlight.put(new Chunk(ByteBuffer.allocate(0), System.nanoTime() + delayNanos));
  }

  private static void write(Socket to, BlockingQueue<Chunk> inFlight) throws InterruptedException {
    try (to;
        OutputStream out = to.getOutputStream()) {
      while (true) {
        Chunk chunk = inFlight.take();
        for (long left = nanosUntilDue(chunk); left > 0; left = nanosUntilDue(chunk)) {
          LockSupport.parkNanos(left);
        }
        if (!chunk.bytes().hasRemaining()) {
          return;
        }
        out.write(chunk.bytes().array());
      }
    } catch (IOException e) {
      // The reader of the other direction notices it too.
    }
  }

  private static long nanosUntilDue(Chunk chunk) {
    return chunk.dueNanos() - System.nanoTime();
  }

  private static void start(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** The work of one thread. */
  @FunctionalInterface
  private interface Work {
    void run() throws InterruptedException;
  }
}
