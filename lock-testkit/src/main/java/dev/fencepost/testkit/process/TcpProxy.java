package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A proxy on a port of the loopback address, in front of a server or a store, that injects network
 * faults. A fault holds for all present and future connections until {@link #resume}. Thread-safe.
 */
public final class TcpProxy implements AutoCloseable {

  /** Most connections at a time; more are refused. Each has two threads. */
  public static final int MAX_CONNECTIONS = 128;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** The direction of bytes. */
  public enum Direction {
    /** From the client to the server. */
    REQUESTS,
    /** From the server to the client. */
    ANSWERS
  }

  private final InetSocketAddress target;
  private final int port = FreePort.next();
  private final Set<ProxyConnection> connections = ConcurrentHashMap.newKeySet();
  private final ProxyFaults faults = new ProxyFaults();
  private final Set<Socket> silent = ConcurrentHashMap.newKeySet();
  private volatile boolean isSilent;
  private ServerSocket listener;
  private Thread acceptor;

  /** Starts a proxy in front of a port of the loopback address. */
  public TcpProxy(int targetPort) {
    this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
    this.listener = listen(port);
    startAccepting(listener);
  }

  /** The port of the loopback address that clients connect to. */
  public int port() {
    return port;
  }

  /** Returns the number of open connections. */
  public int connections() {
    return connections.size();
  }

  /** Delays all bytes of that direction. */
  public void delay(Direction direction, Duration by) {
    faults.delay(direction, by);
  }

  /**
   * Breaks the connection that is to carry the byte after the next {@code bytes} that way; counted
   * from now over all connections. Those that are opened afterwards live.
   */
  public void cutAfter(Direction direction, long bytes) {
    faults.cutAfter(direction, bytes);
  }

  /** Returns the number of connections that {@link #cutAfter} has broken. */
  public long cuts() {
    return faults.cuts();
  }

  /**
   * Loses all bytes of that direction, while the connections seem to live. A connection that lost
   * bytes is broken by {@link #resume}.
   */
  public void swallow(Direction direction) {
    faults.swallow(direction);
  }

  /**
   * Loses all bytes of the present connections, in both directions, while they seem to live; new
   * connections work. {@link #resume} breaks the present ones.
   */
  public void swallowPresent() {
    connections.forEach(ProxyConnection::swallow);
  }

  /**
   * Returns the number of connections of {@link #swallowPresent} that their ends have not given up
   * yet.
   */
  public int swallowing() {
    return (int) connections.stream().filter(ProxyConnection::isSwallowing).count();
  }

  /** Holds all bytes of that direction until {@link #resume}, like an outage that heals. */
  public void hold(Direction direction) {
    faults.hold(direction);
  }

  /**
   * Accepts connections from now until {@link #resume} that stay silent for ever, like a hung
   * server or a path that loses everything.
   */
  public void acceptInSilence() {
    isSilent = true;
  }

  /** Returns the number of silent connections. */
  public int silentConnections() {
    return silent.size();
  }

  /** Breaks all present connections with a reset (RST). */
  public void reset() {
    connections.forEach(ProxyConnection::reset);
  }

  /** Resets all connections and refuses new ones. */
  public synchronized void refuse() {
    closeListener();
    reset();
  }

  /** Ends all faults: all bytes pass again. */
  public synchronized void resume() {
    faults.clear();
    isSilent = false;
    connections.stream().filter(ProxyConnection::hasLostBytes).forEach(ProxyConnection::reset);
    if (listener.isClosed()) {
      listener = listen(port);
      startAccepting(listener);
    }
  }

  /** Ends the proxy and its connections. */
  @Override
  public synchronized void close() {
    refuse();
    faults.clear();
    silent.forEach(ProxyConnection::resetQuietly);
  }

  private void startAccepting(ServerSocket on) {
    acceptor = daemon("accept on " + port, () -> accept(on));
  }

  private void accept(ServerSocket on) {
    while (!on.isClosed()) {
      try {
        serve(on.accept());
      } catch (IOException e) {
        // Closed by refuse(), or a client that was gone before it was accepted.
      }
    }
  }

  private void serve(Socket client) throws IOException {
    if (isSilent && silent.size() < MAX_CONNECTIONS) {
      silent.add(client);
      return;
    }
    if (connections.size() >= MAX_CONNECTIONS) {
      client.close();
      return;
    }
    Socket server = new Socket();
    try {
      server.connect(target, (int) Duration.ofSeconds(5).toMillis());
    } catch (IOException e) {
      ProxyConnection.resetQuietly(client);
      server.close();
      return;
    }
    ProxyConnection connection = new ProxyConnection(client, server, faults, connections::remove);
    connections.add(connection);
    for (Direction direction : Direction.values()) {
      daemon(direction + " through " + port, () -> connection.pump(direction));
    }
  }

  private void closeListener() {
    try {
      listener.close();
      // The kernel listens on until the call that accepts has returned.
      acceptor.join(PATIENCE.toMillis());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), MAX_CONNECTIONS);
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
