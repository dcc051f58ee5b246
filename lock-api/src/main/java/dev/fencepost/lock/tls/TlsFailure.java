package dev.fencepost.lock.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Explains to people why a client and a server did not agree on a connection. */
public final class TlsFailure {
  private static final String PLAIN_SERVER =
      "the server speaks plain text and this client TLS; remove TLS from the client or set"
          + " tls.certificate at the server";

  /** Explanations by the word for the alert (RFC 8446, section 6) in the message of the JVM. */
  private static final Map<String, String> ALERTS =
      Map.of(
          "certificate_required",
          "the server demands a certificate, and this client has none of an authority that it"
              + " accepts",
          "bad_certificate",
          "the server does not accept the certificate of this client, or this client has none of an"
              + " authority that the server knows",
          "certificate_unknown",
          "the server does not accept the certificate of this client",
          "certificate_expired",
          "the certificate of this client has ended",
          "unknown_ca",
          "the server does not know the authority of this client's certificate",
          "protocol_version",
          "the server speaks no version of TLS that this client speaks",
          "handshake_failure",
          "the server and this client have no way in common to agree on TLS");

  private TlsFailure() {}

  /**
   * Returns the explanation of a failure; empty if it has nothing to do with TLS.
   *
   * @param failure an exception whose causes are looked at too, or null
   */
  public static Optional<String> explain(@Nullable Throwable failure) {
    Optional<String> explanation = Optional.empty();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      Optional<String> closer = explainOne(each);
      explanation = closer.isPresent() ? closer : explanation;
    }
    return explanation;
  }

  private static Optional<String> explainOne(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof SSLPeerUnverifiedException) {
      return Optional.of("the certificate of the server is for another name: " + message);
    }
    if (failure instanceof CertificateExpiredException) {
      return Optional.of("the certificate of the server has ended: " + message);
    }
    if (failure instanceof CertPathBuilderException) {
      return Optional.of(
          "the certificate of the server is of no authority that this client trusts");
    }
    if (failure instanceof CertificateException) {
      return Optional.of("the certificate of the server is not accepted: " + message);
    }
    return failure instanceof SSLException ? Optional.of(explainTls(message)) : Optional.empty();
  }

  private static String explainTls(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("unrecognized ssl message") || lower.contains("not an ssl")) {
      return PLAIN_SERVER;
    }
    return ALERTS.entrySet().stream()
        .filter(alert -> lower.contains("alert: " + alert.getKey()))
        .map(alert -> alert.getValue() + " (TLS alert " + alert.getKey() + ")")
        .findFirst()
        .orElse("TLS failed: " + message);
  }
}
