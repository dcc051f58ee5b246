package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.tls.StoreTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * Finds out why servers and client do not agree on TLS. ZooKeeper's client tries again for ever and
 * tells nobody the reason, so the probe makes one connection to each server itself.
 */
final class TlsHandshakeProbe {
  private static final byte[] COMMAND = "srvr".getBytes(StandardCharsets.US_ASCII);

  private final StoreTls tls;
  private final int timeoutMillis;

  /**
   * Connects to nobody yet.
   *
   * @param timeout longest wait for a connection, and for each answer
   */
  TlsHandshakeProbe(StoreTls tls, Duration timeout) {
    this.tls = tls;
    this.timeoutMillis = Math.toIntExact(timeout.toMillis());
  }

  /**
   * Asks one server after another, until one agrees. Blocks.
   *
   * @return the explanation of the first server that has one; empty if a server agrees or none
   *     answers
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if the files cannot be used
   */
  Optional<String> findFault(Collection<InetSocketAddress> servers) {
    SSLContext context = tls.load().newContext();
    Optional<String> fault = Optional.empty();
    for (InetSocketAddress server : servers) {
      try {
        handshake(context, server.getHostString(), server.getPort());
        return Optional.empty();
      } catch (IOException e) {
        // A server that stops in the middle of a handshake leaves no better word than this.
        Optional<String> found = StoreTls.explain(e).filter(text -> !text.startsWith("TLS failed"));
        fault = fault.isPresent() ? fault : found;
      }
    }
    return fault;
  }

  private void handshake(SSLContext context, String host, int port) throws IOException {
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(host, port), timeoutMillis);
      plain.setSoTimeout(timeoutMillis);
      String name = tls.serverName().orElse(host);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, name, port, true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        awaitJudgement(socket);
      }
    }
  }

  /** With TLS 1.3 a server judges the client's certificate after the handshake. */
  private static void awaitJudgement(SSLSocket socket) throws IOException {
    socket.getOutputStream().write(COMMAND);
    socket.getOutputStream().flush();
    try {
      int unused = socket.getInputStream().read();
    } catch (SocketTimeoutException e) {
      // It has no answer to the command and nothing against the client.
    }
  }
}
