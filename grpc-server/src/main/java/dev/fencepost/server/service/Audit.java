package dev.fencepost.server.service;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes down what operators did: one line each, on a logger of its own so that it can be kept
 * apart. Names and reasons hold no control characters, so no line can be forged.
 */
final class Audit {
  /** The logger's name. */
  static final String LOGGER = "dev.fencepost.audit";

  private static final String NOBODY = "-";
  private final Logger log = LoggerFactory.getLogger(LOGGER);

  void forcedRelease(Peer peer, ForceReleaseCommand order, Revocation revocation) {
    LoggingEventBuilder line = forcedRelease(peer, order);
    revocation
        .fold(
            revoked ->
                line.addKeyValue("outcome", "released")
                    .addKeyValue("token", revoked.former().token())
                    .addKeyValue("closing_token", shown(revoked.closing())),
            notHeld -> line.addKeyValue("outcome", "not_held"),
            mismatch ->
                line.addKeyValue("outcome", "token_mismatch")
                    .addKeyValue("token", mismatch.current().token()))
        .log("forced release");
  }

  void forcedReleaseUnknown(Peer peer, ForceReleaseCommand order) {
    forcedRelease(peer, order).addKeyValue("outcome", "unknown").log("forced release");
  }

  void resetMark(Peer peer, ResourceName resource, String reason, Optional<FencingToken> former) {
    act(peer, "resource", resource.value(), reason)
        .addKeyValue("outcome", "reset")
        .addKeyValue("former_mark", shown(former))
        .log("reset of a mark");
  }

  void resetMarkUnknown(Peer peer, ResourceName resource, String reason) {
    act(peer, "resource", resource.value(), reason)
        .addKeyValue("outcome", "unknown")
        .log("reset of a mark");
  }

  private LoggingEventBuilder forcedRelease(Peer peer, ForceReleaseCommand order) {
    return act(peer, "lock", order.lock().value(), order.reason())
        .addKeyValue("if_token", shown(order.ifToken()))
        .addKeyValue("close_for", order.closeFor().map(DurationFormat::print).orElse("lease"));
  }

  private LoggingEventBuilder act(Peer peer, String kind, String name, String reason) {
    return log.atInfo()
        .addKeyValue("principal", NOBODY)
        .addKeyValue("peer", peer.address())
        .addKeyValue(kind, name)
        .addKeyValue("reason", reason);
  }

  private static String shown(Optional<FencingToken> token) {
    return token.map(FencingToken::toString).orElse(NOBODY);
  }
}
