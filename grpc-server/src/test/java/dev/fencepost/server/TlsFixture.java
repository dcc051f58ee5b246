package dev.fencepost.server;

import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.lock.tls.TlsFiles;
import dev.fencepost.lock.tls.TlsMaterial;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.support.TestConfigs;
import dev.fencepost.server.support.TestRequests;
import dev.fencepost.testkit.tls.TestAuthority;
import dev.fencepost.testkit.tls.TestAuthority.Purpose;
import dev.fencepost.testkit.tls.TestCertificate;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Certificates of a server and of its clients in one folder, and channels that use them. */
final class TlsFixture implements AutoCloseable {
  final Path folder;
  final TestAuthority authority = TestAuthority.create("locks authority");
  private final List<ManagedChannel> channels = new ArrayList<>();

  TlsFixture(Path folder) {
    this.folder = folder;
    TestCertificate.replace(folder.resolve("ca.pem"), authority.certificate());
    server(authority).write(folder, "server");
    client(authority, "orders").write(folder, "orders");
  }

  static TestCertificate server(TestAuthority authority) {
    return authority.issue(Purpose.SERVER, "locks", "DNS:localhost", "IP:127.0.0.1");
  }

  static TestCertificate client(TestAuthority authority, String name) {
    return authority.issue(Purpose.CLIENT, name, "URI:spiffe://test/" + name);
  }

  String file(String name) {
    return folder.resolve(name).toString();
  }

  /** Settings of a server that has a certificate and asks clients for none. */
  ServerConfig serverOnly() {
    return TestConfigs.with("tls.certificate", file("server.pem"), "tls.key", file("server.key"));
  }

  /** Settings of a server that demands certificates of its clients. */
  ServerConfig mutual(String... more) {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "tls.certificate",
                file("server.pem"),
                "tls.key",
                file("server.key"),
                "tls.client-ca",
                file("ca.pem")));
    settings.addAll(List.of(more));
    return TestConfigs.with(settings.toArray(new String[0]));
  }

  /** A channel that trusts {@code ca.pem} and shows no certificate. */
  ManagedChannel channel(int port) throws Exception {
    return channel(port, "ca", "", "TLSv1.3", "TLSv1.2");
  }

  /** A channel that shows the certificate {@code NAME.pem}. */
  ManagedChannel channel(int port, String name) throws Exception {
    return channel(port, "ca", name, "TLSv1.3", "TLSv1.2");
  }

  ManagedChannel channel(int port, String ca, String name, String... protocols) throws Exception {
    SslContextBuilder tls =
        GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
            .trustManager(folder.resolve(ca + ".pem").toFile())
            .protocols(protocols);
    if (!name.isEmpty()) {
      tls.keyManager(
          folder.resolve(name + ".pem").toFile(), folder.resolve(name + ".key").toFile());
    }
    return keep(NettyChannelBuilder.forAddress("127.0.0.1", port).sslContext(tls.build()).build());
  }

  ManagedChannel keep(ManagedChannel channel) {
    channels.add(channel);
    return channel;
  }

  SSLContext context(String name) throws TlsFileException {
    return material(name).newContext();
  }

  TlsMaterial material(String name) throws TlsFileException {
    Optional<String> own = Optional.of(name).filter(text -> !text.isEmpty());
    return new TlsFiles(
            own.map(text -> folder.resolve(text + ".pem")),
            own.map(text -> folder.resolve(text + ".key")),
            Optional.of(folder.resolve("ca.pem")))
        .load();
  }

  static AcquireResponse acquire(ManagedChannel channel, String lock) {
    return LockServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .acquire(TestRequests.claim(lock).build());
  }

  /** Returns the status with which a call ends; OK if it is answered. */
  static Status outcome(ManagedChannel channel, String lock) {
    try {
      acquire(channel, lock);
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  /** Returns true if the connection failed within TLS. */
  static boolean isRefusedByTls(Status status) {
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
