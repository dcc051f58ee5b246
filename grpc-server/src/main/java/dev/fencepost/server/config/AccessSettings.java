package dev.fencepost.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings of identity and rights.
 *
 * @param rulesFile file of rules; empty: every connected client may do everything
 * @param tokensFile file of static tokens; empty: there are none
 * @param jwt JWTs as credentials; empty: they are none
 * @param anonymous whether callers without a credential are let in
 * @param unowned whether a grant that was made without a principal belongs to all callers
 * @param expiredGrace time after the end of a credential in which it still renews and releases
 */
public record AccessSettings(
    Optional<Path> rulesFile,
    Optional<Path> tokensFile,
    Optional<JwtSettings> jwt,
    Anonymous anonymous,
    Unowned unowned,
    Duration expiredGrace) {

  /** The treatment of callers without a credential. */
  public enum Anonymous {
    /** They are refused. */
    REFUSE,
    /** They are let in, and rules decide what they may do. */
    ALLOW
  }

  /** The owners of grants that were made without a principal. */
  public enum Unowned {
    /** Every caller with the right to acquire the lock, who knows claim id and token. */
    ALLOW,
    /** No caller with a principal. */
    REFUSE
  }

  /** Returns true if callers have principals. */
  public boolean isOn() {
    return rulesFile.isPresent() || tokensFile.isPresent() || jwt.isPresent();
  }
}
