package dev.fencepost.server.transport;

import io.grpc.Attributes;
import io.grpc.Grpc;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Tells how a call reached the server. It is the same for all calls of a connection.
 *
 * @param peerCertificates certificate chain of the client, its own first; empty if it sent none.
 *     The chain was valid for the authorities of clients when the connection was made
 * @param isEncrypted true if the connection uses TLS
 * @param isLoopback true if the peer is on this machine, so that nobody else can read the bytes
 */
public record TransportIdentity(
    List<X509Certificate> peerCertificates, boolean isEncrypted, boolean isLoopback) {

  private static final Attributes.Key<TransportIdentity> KEY =
      Attributes.Key.create("fencepost-transport-identity");

  /** Copies the chain. */
  public TransportIdentity {
    peerCertificates = List.copyOf(peerCertificates);
  }

  /**
   * Returns the identity from the attributes of a call ({@code ServerCall.getAttributes()}) or of
   * its connection.
   */
  public static TransportIdentity of(Attributes attributes) {
    TransportIdentity known = attributes.get(KEY);
    return known == null ? read(attributes) : known;
  }

  /** Returns the attributes of a connection with its identity, for all of its calls. */
  static Attributes attach(Attributes attributes) {
    return attributes.toBuilder().set(KEY, read(attributes)).build();
  }

  /**
   * Returns the identity of a connection.
   *
   * @param session session of TLS; null for plain text
   * @param remote address of the peer; null if it is unknown
   */
  public static TransportIdentity of(@Nullable SSLSession session, @Nullable SocketAddress remote) {
    return new TransportIdentity(
        session == null ? List.of() : chain(session), session != null, isLoopback(remote));
  }

  private static TransportIdentity read(Attributes attributes) {
    return of(
        attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION),
        attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
  }

  private static List<X509Certificate> chain(SSLSession session) {
    try {
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate each : session.getPeerCertificates()) {
        chain.add((X509Certificate) each);
      }
      return chain;
    } catch (SSLPeerUnverifiedException e) {
      return List.of(); // the client sent no certificate
    }
  }

  /** Returns true also for a peer without an IP address: it is in this process. */
  private static boolean isLoopback(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress() != null && inet.getAddress().isLoopbackAddress()
        : address != null;
  }
}
