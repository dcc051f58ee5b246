package dev.fencepost.server.service.unary;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.server.service.call.CallerIdentity;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Logs the acts of operators, one line each, on a separate logger so that they can be stored apart.
 * Names and reasons contain no control characters, so no line can be forged.
 */
final class AuditLog {
  /** Name of the logger. */
  static final String LOGGER = "dev.fencepost.audit";

  private static final String NONE = "-";
  private final Logger log = LoggerFactory.getLogger(LOGGER);

  void recordForceRelease(
      CallerIdentity caller, ForceReleaseCommand command, Revocation revocation) {
    LoggingEventBuilder line = forceRelease(caller, command);
    revocation
        .fold(
            revoked ->
                line.addKeyValue("outcome", "released")
                    .addKeyValue("token", revoked.former().token())
                    .addKeyValue("closing_token", tokenText(revoked.closing())),
            notHeld -> line.addKeyValue("outcome", "not_held"),
            mismatch ->
                line.addKeyValue("outcome", "token_mismatch")
                    .addKeyValue("token", mismatch.current().token()))
        .log("forced release");
  }

  /** Logs a forced release whose outcome the store did not report. */
  void recordUnknownForceRelease(CallerIdentity caller, ForceReleaseCommand command) {
    forceRelease(caller, command).addKeyValue("outcome", "unknown").log("forced release");
  }

  void recordMarkReset(
      CallerIdentity caller, ResourceName resource, String reason, Optional<FencingToken> former) {
    act(caller, "resource", resource.value(), reason)
        .addKeyValue("outcome", "reset")
        .addKeyValue("former_mark", tokenText(former))
        .log("reset of a mark");
  }

  /** Logs a reset of a high-water mark whose outcome the store did not report. */
  void recordUnknownMarkReset(CallerIdentity caller, ResourceName resource, String reason) {
    act(caller, "resource", resource.value(), reason)
        .addKeyValue("outcome", "unknown")
        .log("reset of a mark");
  }

  private LoggingEventBuilder forceRelease(CallerIdentity caller, ForceReleaseCommand command) {
    return act(caller, "lock", command.lock().value(), command.reason())
        .addKeyValue("if_token", tokenText(command.ifToken()))
        .addKeyValue("close_for", command.closeFor().map(DurationFormat::print).orElse("lease"));
  }

  private LoggingEventBuilder act(CallerIdentity caller, String kind, String name, String reason) {
    return log.atInfo()
        .addKeyValue("principal", NONE)
        .addKeyValue("peer", caller.address())
        .addKeyValue(kind, name)
        .addKeyValue("reason", reason);
  }

  private static String tokenText(Optional<FencingToken> token) {
    return token.map(FencingToken::toString).orElse(NONE);
  }
}
