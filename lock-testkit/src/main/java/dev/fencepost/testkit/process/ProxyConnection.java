package dev.fencepost.testkit.process;

import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** One connection through a proxy: two sockets, and a thread for each direction. */
final class ProxyConnection {

  private static final int CHUNK_BYTES = 16 * 1024;

  private final Socket client;
  private final Socket server;
  private final ProxyFaults faults;
  private final Consumer<ProxyConnection> onEnd;
  private final AtomicInteger openDirections = new AtomicInteger(Direction.values().length);
  private volatile boolean lostBytes;
  private volatile boolean isSwallowing;

  ProxyConnection(
      Socket client, Socket server, ProxyFaults faults, Consumer<ProxyConnection> onEnd) {
    this.client = client;
    this.server = server;
    this.faults = faults;
    this.onEnd = onEnd;
  }

  boolean hasLostBytes() {
    return lostBytes;
  }

  /** Loses all bytes from now on, in both directions. */
  void swallow() {
    isSwallowing = true;
  }

  boolean isSwallowing() {
    return isSwallowing;
  }

  /** Carries one direction until its end. */
  void pump(Direction direction) {
    Socket from = direction == Direction.REQUESTS ? client : server;
    Socket to = direction == Direction.REQUESTS ? server : client;
    try {
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      carry(direction, from.getInputStream(), to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      reset();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      reset();
    }
    if (openDirections.decrementAndGet() == 0) {
      closeQuietly(client);
      closeQuietly(server);
      onEnd.accept(this);
    }
  }

  /** Breaks the connection at both ends. */
  void reset() {
    resetQuietly(client);
    resetQuietly(server);
    onEnd.accept(this);
  }

  /** Closes with a reset instead of an orderly end. */
  static void resetQuietly(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      // It was closed already.
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It was closed already.
    }
  }

  private void carry(Direction direction, InputStream from, OutputStream to)
      throws IOException, InterruptedException {
    byte[] chunk = new byte[CHUNK_BYTES];
    boolean gap = false;
    for (int read = from.read(chunk); read >= 0; read = from.read(chunk)) {
      if (faults.await(direction) == ProxyFaults.Verdict.LOSE || isSwallowing) {
        lostBytes = true;
        gap = true;
        continue;
      }
      if (gap) {
        throw new IOException("bytes are missing before these");
      }
      int allowed = faults.allowance(direction, read);
      to.write(chunk, 0, allowed);
      to.flush();
      if (allowed < read) {
        throw new IOException("cut");
      }
    }
  }
}
