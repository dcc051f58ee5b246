package dev.fencepost.client.internal.transport;

import dev.fencepost.lock.tls.BearerFile;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsProbe;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * Creates gRPC channels. Each setting that differs from the defaults of gRPC has its reason beside
 * it.
 */
public final class ChannelFactory implements ReplicaConnector {
  private static final String[] TLS_VERSIONS = {"TLSv1.3", "TLSv1.2"};
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Duration DIAGNOSIS_TIMEOUT = Duration.ofSeconds(2);

  private final Optional<ClientCertificates> certificates;
  private final Optional<String> serverName;
  private final Optional<BearerFile> bearer;

  /**
   * Creates a factory.
   *
   * @param certificates files for TLS; empty for plain text
   * @param serverName the name that the server's certificate must have; empty: the host of the
   *     address
   * @param bearer file with a token that is sent with each call; empty: none
   */
  public ChannelFactory(
      Optional<ClientCertificates> certificates,
      Optional<String> serverName,
      Optional<BearerFile> bearer) {
    this.certificates = certificates;
    this.serverName = serverName;
    this.bearer = bearer;
  }

  /** Creates a channel to one server. It connects at the first call. */
  @Override
  public ManagedChannel connect(ReplicaAddress address) {
    OkHttpChannelBuilder channel =
        OkHttpChannelBuilder.forAddress(address.host(), address.port())
            // Results arrive on the transport's own thread. SessionCallListener says which work is
            // not allowed there.
            .directExecutor()
            // The SDK repeats failed operations itself: by claim id, on a session that is known to
            // be alive.
            .disableRetry();
    bearer.ifPresent(file -> channel.intercept(attach(file, address)));
    if (certificates.isEmpty()) {
      return channel.usePlaintext().build();
    }
    SSLContext tls = certificates.get().context();
    channel
        .sslSocketFactory(tls.getSocketFactory())
        // Alone, OkHttp would speak TLS 1.2 only. It drops suites that HTTP/2 forbids.
        .tlsConnectionSpec(TLS_VERSIONS, tls.getDefaultSSLParameters().getCipherSuites());
    serverName.ifPresent(channel::overrideAuthority);
    return channel.build();
  }

  private ClientInterceptor attach(BearerFile file, ReplicaAddress address) {
    if (certificates.isEmpty() && !address.isLoopback()) {
      throw new IllegalStateException("a token is not sent in plain text to another machine");
    }
    try {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + file.read());
      return MetadataUtils.newAttachHeadersInterceptor(headers);
    } catch (TlsFileException e) {
      throw new IllegalStateException("the token cannot be sent: " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<String> diagnose(ReplicaAddress address) {
    return certificates
        .map(ClientCertificates::context)
        .map(tls -> TlsProbe.ofTls(tls, address.host(), address.port(), DIAGNOSIS_TIMEOUT))
        .orElseGet(() -> TlsProbe.ofPlainText(address.host(), address.port(), DIAGNOSIS_TIMEOUT));
  }

  @Override
  public void onRenewal(Runnable action) {
    certificates.ifPresent(files -> files.watch(action));
  }

  @Override
  public void close() {
    certificates.ifPresent(ClientCertificates::close);
  }
}
