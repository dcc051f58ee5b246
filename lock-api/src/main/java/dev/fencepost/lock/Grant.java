package dev.fencepost.lock;

/**
 * A right to a lock, as the store recorded it.
 *
 * @param ref its key
 * @param lease the lease in force, which may differ from the one asked for
 * @param mode how the lock is shared
 * @param origin whether this call made it
 */
public record Grant(GrantRef ref, Lease lease, LockMode mode, Origin origin) {
  /** Whether a grant is new. */
  public enum Origin {
    /** Made by this call. */
    NEW,
    /** Made before this call, which retried its acquire or renewed it. */
    EXISTING
  }

  /** The grant's fencing token. */
  public FencingToken token() {
    return ref.token();
  }
}
