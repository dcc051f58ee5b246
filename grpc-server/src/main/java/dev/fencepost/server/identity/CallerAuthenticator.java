package dev.fencepost.server.identity;

import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.security.AccessRules;
import dev.fencepost.server.transport.TransportIdentity;
import java.security.cert.X509Certificate;

/**
 * Finds the principal of a call. A token, if sent, is the identity of the call; the certificate
 * then only carries it. A bad token is refused, never replaced by the certificate. Immutable.
 *
 * @param certificates names the principals of certificates
 * @param tokens static tokens
 * @param jwtKeys keys that sign JWTs
 * @param rules revoked credentials, and aliases
 * @param anonymousAllowed true if callers without a credential are let in
 */
public record CallerAuthenticator(
    CertificatePrincipals certificates,
    TokensFile tokens,
    JwtKeys jwtKeys,
    AccessRules rules,
    boolean anonymousAllowed) {
  /**
   * Returns the caller, whether or not its credential has ended.
   *
   * @throws CredentialException if the caller is refused
   */
  public CallerPrincipal authenticate(CallCredentials shown) {
    TransportIdentity transport = shown.transport();
    for (X509Certificate each : transport.peerCertificates()) {
      if (rules.isCertificateRevoked(CertificatePrincipals.fingerprint(each))) {
        throw CredentialException.bad("the certificate is revoked");
      }
    }
    if (!shown.authorization().isEmpty()) {
      if (!transport.peerCertificates().isEmpty()) {
        refuseRevokedCarrier(transport.peerCertificates().get(0));
      }
      return requireNotRevoked(ofBearer(shown));
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

  private CallerPrincipal ofBearer(CallCredentials shown) {
    if (shown.authorization().size() > 1) {
      throw CredentialException.bad(shown.authorization().size() + " authorization headers");
    }
    String bearer =
        shown
            .bearer()
            .orElseThrow(
                () ->
                    CredentialException.bad(
                        "the authorization header is not of the form Bearer TOKEN"));
    if (!shown.isBearerAllowed()) {
      throw new CredentialException(
          Fault.PLAINTEXT_CREDENTIAL, "the token was sent in plain text; replace it");
    }
    return shown
        .jwt()
        .map(jwt -> ofJwt(jwt, shown.transport()))
        .or(() -> tokens.find(bearer))
        .orElseThrow(() -> CredentialException.bad("the token is unknown"));
  }

  private CallerPrincipal ofJwt(VerifiedJwt jwt, TransportIdentity transport) {
    if (!jwtKeys.contains(jwt.key())) {
      throw new CredentialException(Fault.UNKNOWN_KEY, "the key of the JWT is no longer in force");
    }
    if (!jwt.id().isEmpty() && rules.isTokenIdRevoked(jwt.id())) {
      throw CredentialException.bad("the JWT is revoked");
    }
    jwt.certificate().ifPresent(bound -> requireBound(bound, transport));
    return jwt.caller();
  }

  /** A bound JWT counts only on a connection of its certificate (RFC 8705, section 3). */
  private static void requireBound(String thumbprint, TransportIdentity transport) {
    if (transport.peerCertificates().isEmpty()
        || !CertificatePrincipals.thumbprint(transport.peerCertificates().get(0))
            .equals(thumbprint)) {
      throw CredentialException.bad("the JWT is bound to another certificate");
    }
  }
}
