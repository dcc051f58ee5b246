package dev.fencepost.server.identity;

import java.util.Optional;

/**
 * A JWT whose signature and claims are right. It may have ended.
 *
 * @param caller principal, and the end with the leeway
 * @param id claim {@code jti}; empty if there is none
 * @param key name of the key that signed it
 * @param certificate SHA-256 of the certificate that it is bound to (claim {@code cnf.x5t#S256},
 *     RFC 8705), in Base64url; empty if it is bound to none
 */
public record VerifiedJwt(
    CallerPrincipal caller, String id, String key, Optional<String> certificate) {}
