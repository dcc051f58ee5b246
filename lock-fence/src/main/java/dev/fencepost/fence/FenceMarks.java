package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;

/**
 * Keeps the marks of a guard that has no transaction of its resource: for each resource, the
 * highest token that passed. {@link MemoryFence} keeps them in this process. {@link
 * JdbcFence#marks} and {@link RedisFence#marks} keep them where all servers of a service see the
 * same. Other implementations are possible if they compare and raise in one atomic step, for
 * example with Fencepost's own {@code AdvanceToken}.
 *
 * <p><b>Narrows.</b> The work after a check may still be late. Implementations are safe for use by
 * many threads.
 */
@FunctionalInterface
public interface FenceMarks {

  /**
   * Lets a token pass that is at least the resource's mark, and raises the mark to it, in one
   * atomic step. May block for as long as the store of the marks takes; an implementation bounds
   * that.
   *
   * @throws StaleTokenException if the token is below the mark
   * @throws FenceUnavailableException if the marks cannot be read
   */
  void check(String resource, FencingToken token);
}
