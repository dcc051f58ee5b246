package dev.fencepost.backend.etcd;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

/** Why no connection came about, where the two sides do not agree on TLS. In words for people. */
final class TlsFault {
  private static final int DEEPEST = 20;

  private TlsFault() {}

  /** What is wrong with TLS, if that is why the call failed: the deepest cause says most. */
  static Optional<String> of(Throwable error) {
    Optional<String> fault = Optional.empty();
    Throwable cause = error;
    for (int i = 0; cause != null && i < DEEPEST; i++) {
      Optional<String> found = said(cause);
      fault = found.isPresent() ? found : fault;
      cause = cause.getCause();
    }
    return fault;
  }

  /**
   * What to look at where the connection was closed: that is all that is seen of plain text where
   * TLS is wanted and the other way round; of a server that stops, too.
   */
  static String hint(String description) {
    if (description.contains("TLS negotiation")) {
      return "; if it never comes about: does etcd speak TLS there? (store options tls…)";
    }
    return description.contains("closed for unknown reason")
        ? "; if it never comes about: does etcd want TLS? (store option tls)"
        : "";
  }

  private static Optional<String> said(Throwable cause) {
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
