package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.lock.tls.StoreTls;
import dev.fencepost.lock.tls.TlsMaterial;
import java.io.IOException;
import java.net.Socket;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.mariadb.jdbc.Configuration;
import org.mariadb.jdbc.HostAddress;
import org.mariadb.jdbc.export.ExceptionFactory;
import org.mariadb.jdbc.plugin.TlsSocketPlugin;

/**
 * Makes one connection of TLS to MariaDB or MySQL. The driver finds it by its type and makes an
 * instance for each connection.
 */
public final class MariaDbTlsPlugin implements TlsSocketPlugin {
  /** The value of the driver's parameter {@code tlsSocketType}. */
  public static final String TYPE = "fencepost";

  /** The parameter of the URI with {@link DriverTls#textOf}. */
  public static final String PARAMETER = "fencepostTls";

  private @Nullable StoreTls tls;
  private @Nullable TlsMaterial material;
  private String host = "";

  /** Called by the driver. */
  public MariaDbTlsPlugin() {}

  @Override
  public String type() {
    return TYPE;
  }

  /** {@inheritDoc} Reads the files; the driver calls it before all others. */
  @Override
  public TrustManager[] getTrustManager(
      Configuration configuration, ExceptionFactory exceptions, HostAddress address) {
    tls = DriverTls.parse(configuration.nonMappedOptions().getProperty(PARAMETER));
    material = tls.load();
    host = address.host;
    return new TrustManager[] {material.newTrustManager()};
  }

  @Override
  public KeyManager[] getKeyManager(Configuration configuration, ExceptionFactory exceptions) {
    return Objects.requireNonNull(material).newKeyManagers();
  }

  @Override
  public SSLSocket createSocket(Socket plain, SSLSocketFactory factory) throws IOException {
    return DriverTls.wrap(plain, factory, Objects.requireNonNull(tls), host, plain.getPort());
  }

  /** Does nothing: the handshake has compared the name. */
  @Override
  public void verify(String name, SSLSession session, long serverThreadId) {}
}
