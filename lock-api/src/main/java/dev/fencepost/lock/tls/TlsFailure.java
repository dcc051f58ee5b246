package dev.fencepost.lock.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

  private static final Set<String> NOT_ABOUT_CERTIFICATES =
      Set.of("protocol_version", "handshake_failure");

  private static final int MAX_DEPTH = 20;

  private TlsFailure() {}

  /** The thing that a failure is about. */
  enum Kind {
    /** The server's certificate is for another name. */
    SERVER_NAME,
    /** The server's certificate is not trusted. */
    SERVER_CERTIFICATE,
    /** The server's certificate has ended. */
    SERVER_EXPIRED,
    /** The client's certificate, or its absence. */
    CLIENT_CERTIFICATE,
    /** Anything else, such as plain text at one end. */
    OTHER
  }

  /** An explained failure. */
  record Explanation(Kind kind, String text) {}

  /**
   * Returns the explanation of a failure; empty if it has nothing to do with TLS.
   *
   * @param failure an exception whose causes are looked at too, or null
   */
  public static Optional<String> explain(@Nullable Throwable failure) {
    return find(failure).map(Explanation::text);
  }

  /** Returns the explanation of the deepest cause that has one. */
  static Optional<Explanation> find(@Nullable Throwable failure) {
    Optional<Explanation> explanation = Optional.empty();
    Throwable each = failure;
    for (int i = 0; each != null && i < MAX_DEPTH; i++) {
      Optional<Explanation> closer = explainOne(each);
      explanation = closer.isPresent() ? closer : explanation;
      each = each.getCause();
    }
    return explanation;
  }

  private static Optional<Explanation> explainOne(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof SSLPeerUnverifiedException || isNameMismatch(failure, message)) {
      return of(Kind.SERVER_NAME, "the certificate of the server is for another name: " + message);
    }
    if (failure instanceof CertificateExpiredException) {
      return of(Kind.SERVER_EXPIRED, "the certificate of the server has ended: " + message);
    }
    if (failure instanceof CertPathBuilderException) {
      return of(
          Kind.SERVER_CERTIFICATE,
          "the certificate of the server is of no authority that this client trusts");
    }
    if (failure instanceof CertificateException) {
      return of(
          Kind.SERVER_CERTIFICATE, "the certificate of the server is not accepted: " + message);
    }
    return failure instanceof SSLException ? Optional.of(explainTls(message)) : Optional.empty();
  }

  private static Optional<Explanation> of(Kind kind, String text) {
    return Optional.of(new Explanation(kind, text));
  }

  /** True for the words of the JVM about a host that the certificate does not name. */
  private static boolean isNameMismatch(Throwable failure, String message) {
    return failure instanceof CertificateException
        && (message.startsWith("No subject alternative") || message.startsWith("No name matching"));
  }

  private static Explanation explainTls(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("unrecognized ssl message") || lower.contains("not an ssl")) {
      return new Explanation(Kind.OTHER, PLAIN_SERVER);
    }
    return ALERTS.entrySet().stream()
        .filter(alert -> lower.contains("alert: " + alert.getKey()))
        .map(
            alert ->
                new Explanation(
                    kindOf(alert.getKey()),
                    alert.getValue() + " (TLS alert " + alert.getKey() + ")"))
        .findFirst()
        .orElse(new Explanation(Kind.OTHER, "TLS failed: " + message));
  }

  private static Kind kindOf(String alert) {
    return NOT_ABOUT_CERTIFICATES.contains(alert) ? Kind.OTHER : Kind.CLIENT_CERTIFICATE;
  }
}
