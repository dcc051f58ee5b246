package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;

/**
 * A write that came too late: a holder with a higher token has used the resource before. The write
 * did not happen. The lock is lost for good, so trying again with the same token cannot succeed.
 * Give up, or acquire the lock again and read the resource again.
 */
public final class StaleTokenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String resource;
  private final long token;
  private final long mark;

  /** Reports that {@code token} is below the {@code mark} of the resource. */
  public StaleTokenException(String resource, FencingToken token, FencingToken mark) {
    super(
        "resource \"%s\": token %s is stale, a holder with %s has been here"
            .formatted(resource, token, mark));
    this.resource = resource;
    this.token = token.value();
    this.mark = mark.value();
  }

  /** Returns the resource that refused. */
  public String resource() {
    return resource;
  }

  /** Returns the refused token. */
  public FencingToken token() {
    return new FencingToken(token);
  }

  /** Returns the highest token that the resource has let pass, which is above {@link #token}. */
  public FencingToken mark() {
    return new FencingToken(mark);
  }
}
