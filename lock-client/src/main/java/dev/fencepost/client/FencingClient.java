package dev.fencepost.client;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import java.util.concurrent.CompletableFuture;

/**
 * What the service knows of tokens. It narrows the window in which a late writer does harm; what
 * closes it is a comparison inside the resource's own transaction, as the guards of {@code
 * lock-fence} make it.
 *
 * <p>Futures fail with an {@link UnavailableException} if nobody answers within the call timeout,
 * and with {@link IllegalArgumentException} if the server does not take a value. What depends on
 * them runs on the callback executor.
 */
public interface FencingClient {

  /** The standing grant's token, else the last one on record. */
  CompletableFuture<LockToken> token(String lock);

  /** What a token is worth at this moment, and no longer. */
  CompletableFuture<TokenStatus> validate(String lock, FencingToken token);

  /**
   * Lets a token pass the mark of a resource that cannot keep one itself, and raises the mark, in
   * one atomic step.
   */
  CompletableFuture<FenceAdvance> advance(String resource, FencingToken token);
}
