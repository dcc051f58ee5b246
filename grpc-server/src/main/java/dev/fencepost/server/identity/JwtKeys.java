package dev.fencepost.server.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import dev.fencepost.server.config.JwtSettings.Algorithm;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Public keys that sign JWTs, from a JWK set (RFC 7517). Symmetric keys, short ones and those for
 * other uses are left out. Immutable.
 */
public final class JwtKeys {
  /** Largest JWK set. */
  public static final int MAX_BYTES = 256 * 1024;

  /** No keys. */
  public static final JwtKeys NONE = new JwtKeys(Map.of());

  private static final int MAX_KEYS = 64;
  private static final int MIN_RSA_BITS = 2048;

  private final Map<String, SigningKey> byThumbprint;

  /**
   * A key.
   *
   * @param thumbprint SHA-256 of the key (RFC 7638); its name here, since ids need not be unique
   * @param id claim {@code kid}; empty if there is none
   * @param algorithm the only algorithm that it is used with
   * @param verifier checks signatures; thread-safe
   */
  record SigningKey(String thumbprint, String id, Algorithm algorithm, JWSVerifier verifier) {}

  private JwtKeys(Map<String, SigningKey> byThumbprint) {
    this.byThumbprint = byThumbprint;
  }

  /**
   * Parses a JWK set.
   *
   * @throws ParseException if it is too large, malformed, or has no usable key; without its content
   */
  static JwtKeys parse(byte[] content) throws ParseException {
    if (content.length > MAX_BYTES) {
      throw new ParseException("more than " + MAX_BYTES + " bytes", 0);
    }
    Map<String, SigningKey> keys = new LinkedHashMap<>();
    for (JWK each : keysOf(content)) {
      usable(each).ifPresent(key -> keys.putIfAbsent(key.thumbprint(), key));
    }
    if (keys.isEmpty()) {
      throw new ParseException("no public key for RS256 (2048 bits) or ES256 signatures", 0);
    }
    if (keys.size() > MAX_KEYS) {
      throw new ParseException(keys.size() + " keys (expected: at most " + MAX_KEYS + ")", 0);
    }
    return new JwtKeys(keys);
  }

  private static List<JWK> keysOf(byte[] content) throws ParseException {
    try {
      return JWKSet.parse(new String(content, StandardCharsets.UTF_8)).getKeys();
    } catch (ParseException | RuntimeException e) {
      throw new ParseException("it is no JWK set", 0);
    }
  }

  private static Optional<SigningKey> usable(JWK key) {
    KeyUse use = key.getKeyUse();
    if (use != null && !use.equals(KeyUse.SIGNATURE)) {
      return Optional.empty();
    }
    try {
      if (key instanceof RSAKey rsa && rsa.size() >= MIN_RSA_BITS) {
        return of(key, Algorithm.RS256, new RSASSAVerifier(rsa.toPublicJWK()));
      }
      if (key instanceof ECKey ec && ec.getCurve().equals(Curve.P_256)) {
        return of(key, Algorithm.ES256, new ECDSAVerifier(ec.toPublicJWK()));
      }
      return Optional.empty();
    } catch (JOSEException | RuntimeException e) {
      return Optional.empty();
    }
  }

  private static Optional<SigningKey> of(JWK key, Algorithm algorithm, JWSVerifier verifier)
      throws JOSEException {
    if (key.getAlgorithm() != null && !key.getAlgorithm().getName().equals(algorithm.name())) {
      return Optional.empty();
    }
    String id = key.getKeyID() == null ? "" : key.getKeyID();
    return Optional.of(new SigningKey(key.computeThumbprint().toString(), id, algorithm, verifier));
  }

  /** Returns the number of keys. */
  public int size() {
    return byThumbprint.size();
  }

  /** Returns true if the key is still one of these. */
  boolean contains(String thumbprint) {
    return byThumbprint.containsKey(thumbprint);
  }

  /** Returns the keys that can have signed a JWT with this id of a key; null: the JWT has none. */
  List<SigningKey> candidates(@Nullable String id, Algorithm algorithm) {
    return byThumbprint.values().stream()
        .filter(key -> key.algorithm() == algorithm && (id == null || key.id().equals(id)))
        .toList();
  }

  /** Returns true if both have the same keys. */
  boolean isSame(JwtKeys other) {
    return byThumbprint.keySet().equals(other.byThumbprint.keySet());
  }
}
