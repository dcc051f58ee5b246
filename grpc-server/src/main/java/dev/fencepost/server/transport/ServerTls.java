package dev.fencepost.server.transport;

import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFileWatch;
import dev.fencepost.lock.tls.TlsMaterial;
import dev.fencepost.lock.tls.TlsMaterial.CertifiedKey;
import dev.fencepost.server.transport.TlsSettings.ClientAuth;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates of a server while it runs. It reads their files four times a second. New ones
 * are used for the next handshake; files that cannot be used are reported, and the certificates
 * before them stay. Connections of clients whose authority was withdrawn are closed. Thread-safe.
 */
public final class ServerTls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerTls.class);

  /** Two equal reads are needed, so an exchange takes effect within 0.5 s. */
  private static final Duration READ_INTERVAL = Duration.ofMillis(250);

  /** Property of the JVM: whether the state of a session travels with the client. */
  private static final String STATELESS_TICKETS = "jdk.tls.server.enableSessionTicketExtension";

  private final TlsSettings settings;
  private final TlsFileWatch files;
  private final ConnectionRegistry connections;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager clientTrust;
  private final ScheduledExecutorService reader;
  private volatile ClientChainCheck clientChains;
  private volatile Instant expiry = Instant.MAX;

  private ServerTls(TlsSettings settings, TlsFileWatch files, ConnectionRegistry connections)
      throws CertificateException {
    this.settings = settings;
    this.files = files;
    this.connections = connections;
    this.clientTrust =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
            .build();
    this.clientChains = new ClientChainCheck(List.of());
    this.reader =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "fencepost-certificates");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Reads the files and begins to watch them.
   *
   * @throws TlsFileException if they cannot be used
   */
  public static ServerTls start(TlsSettings settings, ConnectionRegistry connections)
      throws TlsFileException {
    TlsFileWatch files = new TlsFileWatch(settings.files());
    try {
      ServerTls tls = new ServerTls(settings, files, connections);
      tls.use(files.first());
      connections.admitOnly(tls::accepts);
      tls.watchFiles();
      return tls;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the JVM cannot use the certificates", e);
    }
  }

  /** Returns the context of gRPC connections. */
  public SslContext grpcContext() {
    return build(GrpcSslContexts.configure(newBuilder(settings.clientAuth()), SslProvider.JDK));
  }

  /**
   * Returns the context of HTTP connections. It asks for a certificate and never demands one, so
   * that probes get in.
   */
  public SslContext httpContext() {
    ClientAuth auth = settings.clientAuth();
    return build(
        newBuilder(auth == ClientAuth.REQUIRED ? ClientAuth.OPTIONAL : auth)
            .sslProvider(SslProvider.JDK));
  }

  /** Warns if the certificate does not have the name that clients are told. */
  public void checkName(String advertisedHost) {
    CertificateNames names =
        CertificateNames.of(files.first().identity().orElseThrow().certificate());
    if (!names.contains(advertisedHost)) {
      LOG.warn(
          "the certificate in {} is for {}, but clients are told to reach this server at {}, by"
              + " advertise or listen: they will refuse it",
          settings.files().certificate().orElseThrow(),
          names.names(),
          advertisedHost);
    }
  }

  /** Returns when the certificate of the server ends. */
  public Instant expiry() {
    return expiry;
  }

  @Override
  public void close() {
    reader.shutdownNow();
  }

  /** Returns true if the certificate of a peer, if it has one, is valid for the authorities now. */
  public boolean accepts(TransportIdentity peer) {
    return clientChains.accepts(peer.peerCertificates());
  }

  private SslContextBuilder newBuilder(ClientAuth auth) {
    // A resumed session would keep the identity of its first handshake, whatever became of it.
    // ConnectionRegistry invalidates those that the JVM keeps itself.
    System.setProperty(STATELESS_TICKETS, "false");
    SslContextBuilder builder =
        SslContextBuilder.forServer(keys)
            .protocols(settings.minVersion().protocols())
            .sessionCacheSize(1)
            .sessionTimeout(1);
    return auth == ClientAuth.OFF
        ? builder
        : builder
            .trustManager(clientTrust)
            .clientAuth(
                auth == ClientAuth.REQUIRED
                    ? io.netty.handler.ssl.ClientAuth.REQUIRE
                    : io.netty.handler.ssl.ClientAuth.OPTIONAL);
  }

  private static SslContext build(SslContextBuilder builder) {
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new IllegalStateException("the JVM has no TLS", e);
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // it never ends by itself, and catches its failures
  private void watchFiles() {
    long millis = READ_INTERVAL.toMillis();
    reader.scheduleWithFixedDelay(this::readAgain, millis, millis, TimeUnit.MILLISECONDS);
  }

  private void readAgain() {
    try {
      TlsMaterial next = files.poll();
      if (next != null) {
        use(next);
        int closed = connections.closeIf(peer -> !accepts(peer));
        LOG.info(
            "certificates were exchanged; the server's ends at {}; connections closed because"
                + " their authority is gone: {}",
            expiry,
            closed);
      }
    } catch (TlsFileException e) {
      LOG.error("TLS: {}; the certificates before it stay in use", e.getMessage());
    } catch (GeneralSecurityException | IOException | RuntimeException | Error e) {
      LOG.error("TLS: the new certificates cannot be used; those before them stay in use", e);
    }
  }

  private void use(TlsMaterial material) throws GeneralSecurityException, IOException {
    CertifiedKey own = material.identity().orElseThrow();
    List<X509Certificate> authorities = material.authorities();
    ClientChainCheck chains = new ClientChainCheck(authorities);
    if (settings.clientAuth() != ClientAuth.OFF) {
      clientTrust.updateTrustCredentials(authorities.toArray(new X509Certificate[0]));
    }
    keys.updateIdentityCredentials(own.chain().toArray(new X509Certificate[0]), own.key());
    clientChains = chains;
    expiry = own.certificate().getNotAfter().toInstant();
  }
}
