package dev.fencepost.server.identity;

import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.transport.TransportIdentity;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * Finds the principal of a call. A token, if sent, is the identity of the call; the certificate
 * then only carries it. A bad token is refused, never replaced by the certificate. Immutable.
 *
 * @param certificates names the principals of certificates
 * @param tokens static tokens
 * @param rules revoked credentials, and aliases
 * @param anonymousAllowed true if callers without a credential are let in
 */
public record CallerAuthenticator(
    CertificatePrincipals certificates,
    TokensFile tokens,
    AccessRules rules,
    boolean anonymousAllowed) {
  private static final String SCHEME = "bearer ";

  /**
   * Returns the caller.
   *
   * @param authorization values of the header {@code authorization}
   * @throws CredentialException if the caller is refused
   */
  public CallerPrincipal authenticate(
      List<String> authorization, TransportIdentity transport, Instant now) {
    CallerPrincipal caller = authenticate(authorization, transport);
    if (caller.isExpiredAt(now)) {
      throw new CredentialException(Fault.CREDENTIAL_EXPIRED, "the credential has ended");
    }
    return caller;
  }

  /**
   * Returns the caller, whether or not its credential has ended.
   *
   * @throws CredentialException if the caller is refused
   */
  CallerPrincipal authenticate(List<String> authorization, TransportIdentity transport) {
    for (X509Certificate each : transport.peerCertificates()) {
      if (rules.isCertificateRevoked(CertificatePrincipals.fingerprint(each))) {
        throw CredentialException.bad("the certificate is revoked");
      }
    }
    if (!authorization.isEmpty()) {
      if (!transport.peerCertificates().isEmpty()) {
        refuseRevokedCarrier(transport.peerCertificates().get(0));
      }
      return requireNotRevoked(ofToken(authorization, transport));
    }
    if (!transport.peerCertificates().isEmpty()) {
      return requireNotRevoked(certificates.of(transport.peerCertificates().get(0)));
    }
    if (!anonymousAllowed) {
      throw new CredentialException(
          Fault.NO_CREDENTIAL, "neither a token nor an accepted certificate was sent");
    }
    return CallerPrincipal.ANONYMOUS;
  }

  /** Returns true if the certificate of a connection, or its principal, is revoked. */
  public boolean isRevoked(TransportIdentity transport) {
    for (X509Certificate each : transport.peerCertificates()) {
      if (rules.isCertificateRevoked(CertificatePrincipals.fingerprint(each))) {
        return true;
      }
    }
    try {
      return !transport.peerCertificates().isEmpty()
          && rules.isRevoked(certificates.of(transport.peerCertificates().get(0)).name());
    } catch (CredentialException e) {
      return false;
    }
  }

  /** A certificate that only carries a token needs no name, but a revoked name is refused. */
  private void refuseRevokedCarrier(X509Certificate carrier) {
    CallerPrincipal named;
    try {
      named = certificates.of(carrier);
    } catch (CredentialException e) {
      return;
    }
    requireNotRevoked(named);
  }

  private CallerPrincipal requireNotRevoked(CallerPrincipal caller) {
    if (rules.isRevoked(caller.name())) {
      throw CredentialException.bad("the principal is revoked");
    }
    return caller;
  }

  private CallerPrincipal ofToken(List<String> authorization, TransportIdentity transport) {
    if (authorization.size() > 1) {
      throw CredentialException.bad(authorization.size() + " authorization headers");
    }
    String header = authorization.get(0);
    if (!header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw CredentialException.bad("the authorization header is not of the form Bearer TOKEN");
    }
    if (!transport.isEncrypted() && !transport.isLoopback()) {
      throw new CredentialException(
          Fault.PLAINTEXT_CREDENTIAL, "the token was sent in plain text; replace it");
    }
    return tokens
        .find(header.substring(SCHEME.length()).trim())
        .orElseThrow(() -> CredentialException.bad("the token is unknown"));
  }
}
