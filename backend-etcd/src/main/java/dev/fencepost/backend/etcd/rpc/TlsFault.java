package dev.fencepost.backend.etcd.rpc;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

/** Explains to people why a connection failed, if the two sides do not agree on TLS. */
public final class TlsFault {
  private static final int MAX_DEPTH = 20;

  private TlsFault() {}

  /** Returns the fault in TLS, if that is why the call failed. The deepest cause says most. */
  public static Optional<String> of(Throwable error) {
    Optional<String> fault = Optional.empty();
    Throwable cause = error;
    for (int i = 0; cause != null && i < MAX_DEPTH; i++) {
      Optional<String> found = describe(cause);
      fault = found.isPresent() ? found : fault;
      cause = cause.getCause();
    }
    return fault;
  }

  /**
   * Returns a hint for a connection that was closed. Nothing more is visible if one side speaks TLS
   * and the other plain text; a server that stops looks the same.
   */
  static String hint(String description) {
    if (description.contains("TLS negotiation")) {
      return "; if this persists: does etcd speak TLS there? (store options tls…)";
    }
    return description.contains("closed for unknown reason")
        ? "; if this persists: does etcd want TLS? (store option tls)"
        : "";
  }

  private static Optional<String> describe(Throwable cause) {
    String message = Optional.ofNullable(cause.getMessage()).orElse("");
    if (cause instanceof CertificateException || cause instanceof CertPathBuilderException) {
      return Optional.of(
          "etcd's certificate is not trusted, or not for this host: "
              + message
              + " (store option tls-ca)");
    }
    // Newer releases of Java put the name of the alert before it.
    if (cause instanceof SSLException && message.contains("Received fatal alert")) {
      return Optional.of(
          "etcd broke off the TLS handshake: "
              + message
              + " (store options tls-certificate and tls-key, if it wants a certificate)");
    }
    return cause instanceof SSLHandshakeException
        ? Optional.of("the TLS handshake with etcd failed: " + message)
        : Optional.empty();
  }
}
