package dev.fencepost.lock;

import java.util.Optional;

/**
 * The end of a grant.
 *
 * @param reason why, as far as the store knows
 * @param detail the administrator's words for {@link LossReason#REVOKED}, else empty
 * @param lastToken the highest token on record now
 */
public record GrantLoss(LossReason reason, String detail, Optional<FencingToken> lastToken) {}
