package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import java.util.Optional;

/**
 * The token of a lock.
 *
 * @param lastToken token of the current grant, or else the last one on record; empty if there is
 *     none
 * @param holder who holds the lock at present; empty if nobody does
 */
public record LockToken(Optional<FencingToken> lastToken, Optional<Holder> holder) {}
