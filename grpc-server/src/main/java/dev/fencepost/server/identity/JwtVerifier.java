package dev.fencepost.server.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.fencepost.server.config.JwtSettings;
import dev.fencepost.server.config.JwtSettings.Algorithm;
import dev.fencepost.server.identity.CredentialException.Fault;
import dev.fencepost.server.identity.JwtKeys.SigningKey;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Verifies JWTs (RFC 7519, RFC 8725). Keys in the header of a token ({@code jku}, {@code x5u},
 * {@code jwk}) are never used. Takes up to 2 ms of CPU. Immutable.
 */
final class JwtVerifier {
  private static final int MAX_PRINCIPAL_BYTES = 256;
  private static final int MAX_ID_CHARACTERS = 256;
  private static final Set<JOSEObjectType> TYPES =
      Set.of(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"));

  private final JwtSettings settings;

  JwtVerifier(JwtSettings settings) {
    this.settings = settings;
  }

  /**
   * Verifies a JWT, whether or not it has ended.
   *
   * @throws CredentialException if it is refused; without its content
   */
  VerifiedJwt verify(String bearer, JwtKeys keys, Instant now) {
    SignedJWT jwt = parse(bearer);
    SigningKey key = requireSigned(jwt, keys);
    try {
      return requireClaims(jwt.getJWTClaimsSet(), key, now);
    } catch (ParseException e) {
      throw CredentialException.bad("the claims of the JWT are malformed");
    }
  }

  private static SignedJWT parse(String bearer) {
    try {
      return SignedJWT.parse(bearer);
    } catch (ParseException | RuntimeException e) {
      throw CredentialException.bad("the token is no signed JWT");
    }
  }

  private SigningKey requireSigned(SignedJWT jwt, JwtKeys keys) {
    JWSHeader header = jwt.getHeader();
    Algorithm algorithm =
        settings.algorithms().stream()
            .filter(each -> each.name().equals(header.getAlgorithm().getName()))
            .findFirst()
            .orElseThrow(() -> CredentialException.bad("the algorithm of the JWT is not accepted"));
    if (header.getType() != null && !TYPES.contains(header.getType())) {
      throw CredentialException.bad("the type of the JWT (expected: none, JWT or at+jwt)");
    }
    if (header.getCriticalParams() != null) {
      throw CredentialException.bad("the JWT has critical headers");
    }
    List<SigningKey> candidates = keys.candidates(header.getKeyID(), algorithm);
    if (candidates.isEmpty()) {
      throw new CredentialException(
          Fault.UNKNOWN_KEY, "no key of this server signed the JWT; its keys are read again");
    }
    return candidates.stream()
        .filter(key -> isSignedBy(jwt, key))
        .findFirst()
        .orElseThrow(() -> CredentialException.bad("the signature of the JWT is wrong"));
  }

  private static boolean isSignedBy(SignedJWT jwt, SigningKey key) {
    try {
      return key.verifier().verify(jwt.getHeader(), jwt.getSigningInput(), jwt.getSignature());
    } catch (JOSEException e) {
      return false;
    }
  }

  private VerifiedJwt requireClaims(JWTClaimsSet claims, SigningKey key, Instant now)
      throws ParseException {
    if (!settings.issuer().equals(claims.getIssuer())) {
      throw CredentialException.bad("the issuer of the JWT is another one");
    }
    if (!claims.getAudience().contains(settings.audience())) {
      throw CredentialException.bad("the JWT is for another audience");
    }
    Date begin = claims.getNotBeforeTime();
    if (begin != null && begin.toInstant().minus(settings.leeway()).isAfter(now)) {
      throw CredentialException.bad("the JWT is not valid yet");
    }
    Date end = claims.getExpirationTime();
    if (end == null) {
      throw CredentialException.bad("the JWT has no end (exp)");
    }
    String id = claims.getJWTID() == null ? "" : claims.getJWTID();
    if (id.length() > MAX_ID_CHARACTERS || id.chars().anyMatch(Character::isISOControl)) {
      throw CredentialException.bad("the id of the JWT is longer than 256 or has control signs");
    }
    return new VerifiedJwt(
        new CallerPrincipal(
            principal(claims.getSubject()), "jwt:" + id, end.toInstant().plus(settings.leeway())),
        id,
        key.thumbprint(),
        certificate(claims));
  }

  private String principal(String subject) {
    if (subject == null || subject.isEmpty()) {
      throw CredentialException.bad("the JWT has no subject (sub)");
    }
    String name = "jwt:" + settings.name() + "/" + subject;
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw CredentialException.bad("the subject of the JWT is not well-formed Unicode");
    }
    if (name.getBytes(StandardCharsets.UTF_8).length > MAX_PRINCIPAL_BYTES
        || name.chars().anyMatch(Character::isISOControl)) {
      throw CredentialException.bad(
          "the subject of the JWT makes a principal of more than 256 bytes, or has control signs");
    }
    return name;
  }

  /** A JWT that is bound in another way than to a certificate must not pass as a mere bearer. */
  private static Optional<String> certificate(JWTClaimsSet claims) throws ParseException {
    if (claims.getClaim("cnf") == null) {
      return Optional.empty();
    }
    Map<String, Object> confirmation = claims.getJSONObjectClaim("cnf");
    if (confirmation != null
        && confirmation.size() == 1
        && confirmation.get("x5t#S256") instanceof String thumbprint) {
      return Optional.of(thumbprint);
    }
    throw CredentialException.bad("the JWT is bound (cnf) to something else than x5t#S256");
  }
}
