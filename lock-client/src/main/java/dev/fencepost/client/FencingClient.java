package dev.fencepost.client;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import java.util.concurrent.CompletableFuture;

/**
 * The fencing calls of the service. They narrow the window in which a late writer does harm. Only a
 * comparison inside the resource's own transaction closes it, as the guards of {@code lock-fence}
 * do.
 *
 * <p>Futures fail with {@link UnavailableException} if no server answers within the call timeout,
 * and with {@link IllegalArgumentException} if the server rejects a value. Stages that depend on
 * them run on the callback executor.
 */
public interface FencingClient {

  /** Returns the token of the current grant, or else the last one on record. */
  CompletableFuture<LockToken> token(String lock);

  /** Checks a token. The answer is valid for this moment only. */
  CompletableFuture<TokenStatus> validate(String lock, FencingToken token);

  /**
   * Checks a token against the high-water mark of a resource that cannot keep one itself, and
   * raises the mark, in one atomic step.
   */
  CompletableFuture<FenceAdvance> advance(String resource, FencingToken token);
}
