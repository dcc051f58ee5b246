package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import java.util.Optional;

/**
 * A lock's token.
 *
 * @param lastToken the standing grant's, else the last one on record; empty if there is none
 * @param holder who holds the lock, while its grant stands
 */
public record LockToken(Optional<FencingToken> lastToken, Optional<Holder> holder) {}
