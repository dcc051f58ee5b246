package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsFiles;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * Takes the TLS options through a driver, which passes on text only and makes the objects for TLS
 * itself, for each connection. The text has the names of the files and no secret.
 */
public final class DriverTls {
  private static final String SEPARATOR = "\0";
  private static final int PARTS = 4;

  private DriverTls() {}

  /** Returns the options as letters, digits, {@code -} and {@code _}. */
  public static String textOf(StoreTls tls) {
    TlsFiles files = tls.files();
    String joined =
        Stream.of(
                files.certificate().map(Path::toString),
                files.key().map(Path::toString),
                files.authorities().map(Path::toString),
                tls.serverName())
            .map(each -> each.orElse(""))
            .collect(Collectors.joining(SEPARATOR));
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(joined.getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the options that {@link #textOf} was given. */
  public static StoreTls parse(String text) {
    String[] parts =
        new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8)
            .split(SEPARATOR, PARTS);
    return new StoreTls(
        new TlsFiles(path(parts[0]), path(parts[1]), path(parts[2])),
        Optional.of(parts[3]).filter(name -> !name.isEmpty()));
  }

  /**
   * Puts TLS upon a connection. The handshake fails if the certificate is not for the server's
   * name.
   *
   * @param host as it was connected to; counts if the options name no server
   */
  public static SSLSocket wrap(
      Socket plain, SSLSocketFactory factory, StoreTls tls, String host, int port)
      throws IOException {
    String name = tls.serverName().orElse(host);
    SSLSocket socket = (SSLSocket) factory.createSocket(plain, name, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    return socket;
  }

  private static Optional<Path> path(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
  }
}
