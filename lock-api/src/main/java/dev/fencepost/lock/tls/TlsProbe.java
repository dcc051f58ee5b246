package dev.fencepost.lock.tls;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * Finds out why a server closes connections. With TLS 1.3 a server judges the client's certificate
 * after the client's part of the handshake, and the transport of gRPC hides the alert. So the probe
 * makes one more connection and reads the answer itself.
 */
public final class TlsProbe {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

  private TlsProbe() {}

  /**
   * Asks a server that closed a connection of TLS. Blocks for twice the timeout at most.
   *
   * @param context context of the failed connection
   * @return the explanation; empty if the probe found none
   */
  public static Optional<String> ofTls(
      SSLContext context, String host, int port, Duration timeout) {
    try (Socket plain = connect(host, port, timeout);
        SSLSocket socket =
            (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      write(socket);
      socket.getInputStream().read();
      return Optional.empty();
    } catch (IOException e) {
      return TlsFailure.explain(e);
    }
  }

  /**
   * Asks a server that closed a connection of plain text whether it speaks TLS. Blocks for twice
   * the timeout at most.
   */
  public static Optional<String> ofPlainText(String host, int port, Duration timeout) {
    try (Socket plain = connect(host, port, timeout);
        SSLSocket socket =
            (SSLSocket)
                SSLContext.getDefault().getSocketFactory().createSocket(plain, host, port, true)) {
      socket.startHandshake();
      return Optional.of(speaksTls());
    } catch (IOException | NoSuchAlgorithmException e) {
      // A server that speaks TLS sends its certificate, which need not be known here.
      return TlsFailure.explain(e)
          .filter(text -> !text.contains("speaks plain text"))
          .map(text -> speaksTls());
    }
  }

  private static String speaksTls() {
    return "the server speaks TLS and this client plain text; give the client the authority of the"
        + " server's certificate";
  }

  private static Socket connect(String host, int port, Duration timeout) throws IOException {
    Socket socket = new Socket();
    int millis = Math.toIntExact(timeout.toMillis());
    try {
      socket.connect(new InetSocketAddress(host, port), millis);
      socket.setSoTimeout(millis);
      return socket;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static void write(Socket socket) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(PREFACE);
    out.flush();
  }
}
