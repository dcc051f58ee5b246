package dev.fencepost.server.security;

import java.util.Set;

/**
 * Credentials that are refused from now on, whatever they are allowed.
 *
 * @param principals typed names and aliases
 * @param certificates SHA-256 of the encoded certificates, as lower-case hex digits
 * @param tokenIds values of the claim {@code jti}
 */
public record RevokedCredentials(
    Set<String> principals, Set<String> certificates, Set<String> tokenIds) {
  static final RevokedCredentials NONE = new RevokedCredentials(Set.of(), Set.of(), Set.of());

  /** Copies the sets. */
  public RevokedCredentials {
    principals = Set.copyOf(principals);
    certificates = Set.copyOf(certificates);
    tokenIds = Set.copyOf(tokenIds);
  }
}
