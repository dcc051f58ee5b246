package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;

/**
 * A write that came too late: a holder with a higher token has been at the resource before. The
 * write did not happen. The lock is lost for good, so nothing is gained by trying again with the
 * same token: give up, or acquire the lock anew and read the resource again.
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

  /** The resource that refused. */
  public String resource() {
    return resource;
  }

  /** The refused token. */
  public FencingToken token() {
    return new FencingToken(token);
  }

  /** The highest token that the resource has let pass; above {@link #token}. */
  public FencingToken mark() {
    return new FencingToken(mark);
  }
}
