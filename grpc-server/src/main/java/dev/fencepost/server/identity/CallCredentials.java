package dev.fencepost.server.identity;

import dev.fencepost.server.transport.TransportIdentity;
import java.util.List;
import java.util.Optional;

/**
 * Credentials that one call showed.
 *
 * @param authorization values of the header {@code authorization}
 * @param transport identity of the connection
 * @param peer host and port of the caller, for the audit
 * @param jwt JWT in the header, verified; empty if there is none
 */
public record CallCredentials(
    List<String> authorization,
    TransportIdentity transport,
    String peer,
    Optional<VerifiedJwt> jwt) {
  private static final String SCHEME = "bearer ";
  private static final int JWT_DOTS = 2;

  /** Copies the list. */
  public CallCredentials {
    authorization = List.copyOf(authorization);
  }

  /** Returns these credentials with the verified JWT. */
  public CallCredentials with(VerifiedJwt verified) {
    return new CallCredentials(authorization, transport, peer, Optional.of(verified));
  }

  /** Returns the JWT to verify; empty if the header has none or is refused for its form. */
  public Optional<String> unverifiedJwt() {
    return authorization.size() == 1 && isBearerAllowed()
        ? bearer()
            .filter(text -> !text.startsWith(StaticToken.PREFIX))
            .filter(text -> text.chars().filter(sign -> sign == '.').count() == JWT_DOTS)
        : Optional.empty();
  }

  /** Returns the text after {@code Bearer}; empty if the first header is of another form. */
  Optional<String> bearer() {
    return authorization.stream()
        .findFirst()
        .filter(header -> header.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
        .map(header -> header.substring(SCHEME.length()).trim());
  }

  /** Returns false if everybody on the network could read a token. */
  boolean isBearerAllowed() {
    return transport.isEncrypted() || transport.isLoopback();
  }

  /** Hides the header. */
  @Override
  public String toString() {
    return "credentials ***";
  }
}
