package dev.fencepost.server.support;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.fencepost.server.config.JwtSettings;
import dev.fencepost.server.config.JwtSettings.Algorithm;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An identity provider of tests: its keys, and the JWTs that it signs. */
public final class TestJwts {
  public static final String ISSUER = "https://issuer.test";
  public static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  public final RSAKey rsa = rsa("rsa-1", 2048);
  public final ECKey ec = ec("ec-1");

  public static RSAKey rsa(String id, int bits) {
    try {
      return new RSAKeyGenerator(bits, true).keyID(id).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  public static ECKey ec(String id) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  public static JwtSettings settings(String keys) {
    return new JwtSettings(
        keys,
        ISSUER,
        "locks",
        "corp",
        EnumSet.allOf(Algorithm.class),
        Duration.ofSeconds(30),
        Duration.ofMinutes(5),
        Duration.ofHours(24));
  }

  /** Returns the public keys as a JWK set. */
  public static String jwks(JWK... keys) {
    return new JWKSet(List.of(keys)).toString();
  }

  /** Returns the JWK set of the two keys. */
  public String jwks() {
    return jwks(rsa, ec);
  }

  /** Returns claims that are right and end ten minutes after {@link #NOW}. */
  public static JWTClaimsSet.Builder claims(String subject) {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience("locks")
        .subject(subject)
        .expirationTime(Date.from(NOW.plus(Duration.ofMinutes(10))));
  }

  /** Returns a JWT signed with the RSA key. */
  public String sign(JWTClaimsSet.Builder claims) {
    return sign(JOSEObjectType.JWT, claims, rsa);
  }

  /** Returns a JWT whose header has the type, and whose key and algorithm are those of the key. */
  public static String sign(@Nullable JOSEObjectType type, JWTClaimsSet.Builder claims, JWK key) {
    JWSAlgorithm algorithm = key instanceof RSAKey ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256;
    return sign(
        new JWSHeader.Builder(algorithm).type(type).keyID(key.getKeyID()).build(), claims, key);
  }

  /** Returns a JWT with this header. */
  public static String sign(JWSHeader header, JWTClaimsSet.Builder claims, JWK key) {
    try {
      JWSSigner signer =
          key instanceof RSAKey rsa ? new RSASSASigner(rsa) : new ECDSASigner((ECKey) key);
      SignedJWT jwt = new SignedJWT(header, claims.build());
      jwt.sign(signer);
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}
