package dev.fencepost.server.identity;

import java.time.Instant;

/**
 * An authenticated caller, or an anonymous one.
 *
 * @param name typed name; empty for an anonymous caller
 * @param credential description of the credential for logs, without a secret
 * @param end moment from which the credential is no longer valid
 */
public record CallerPrincipal(String name, String credential, Instant end) {
  /** A caller without a credential. */
  public static final CallerPrincipal ANONYMOUS = new CallerPrincipal("", "", Instant.MAX);

  /** Returns true if the caller showed no credential. */
  public boolean isAnonymous() {
    return name.isEmpty();
  }

  /** Returns true if the credential has ended. */
  public boolean isExpiredAt(Instant now) {
    return !now.isBefore(end);
  }
}
