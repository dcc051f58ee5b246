package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.lock.tls.StoreTls;
import java.io.IOException;
import java.net.Socket;
import org.postgresql.ssl.WrappedFactory;

/** Makes one connection of TLS to PostgreSQL. The driver makes an instance for each connection. */
public final class PostgresTlsFactory extends WrappedFactory {
  private final StoreTls tls;

  /**
   * Reads the files. Called by the driver.
   *
   * @param options {@link DriverTls#textOf}
   */
  public PostgresTlsFactory(String options) {
    this.tls = DriverTls.parse(options);
    this.factory = tls.load().newContext().getSocketFactory();
  }

  @Override
  public Socket createSocket(Socket plain, String host, int port, boolean closesPlain)
      throws IOException {
    return DriverTls.wrap(plain, factory, tls, host, port);
  }
}
