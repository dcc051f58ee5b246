package dev.fencepost.server.config;

import java.time.Duration;
import java.util.Set;

/**
 * Settings of JWTs as credentials. Algorithms and keys come from here only, never from a token.
 *
 * @param keys path of a file with a JWK set, or its https URL
 * @param issuer required claim {@code iss}
 * @param audience value that the claim {@code aud} must contain
 * @param name name of the issuer in principals, {@code jwt:NAME/sub}
 * @param algorithms accepted algorithms of signatures
 * @param leeway tolerated difference of clocks, for {@code exp} and {@code nbf}
 * @param refresh interval between two reads of a URL
 * @param outage time for which the last keys stay in force while a URL does not answer
 */
public record JwtSettings(
    String keys,
    String issuer,
    String audience,
    String name,
    Set<Algorithm> algorithms,
    Duration leeway,
    Duration refresh,
    Duration outage) {
  /** Beginning of a URL of keys. */
  public static final String HTTPS = "https://";

  /** An algorithm of signatures with a public key. */
  public enum Algorithm {
    /** RSA of at least 2048 bits, with SHA-256. */
    RS256,
    /** ECDSA on the curve P-256, with SHA-256. */
    ES256
  }

  /** Copies the set. */
  public JwtSettings {
    algorithms = Set.copyOf(algorithms);
  }

  /** Returns true if the keys come from a URL. */
  public boolean isUrl() {
    return keys.startsWith(HTTPS);
  }
}
