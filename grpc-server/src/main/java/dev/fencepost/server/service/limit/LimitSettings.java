package dev.fencepost.server.service.limit;

/**
 * Limits of a server for its clients. Immutable.
 *
 * @param openCalls calls at a time, including those that wait and watch, but without sessions,
 *     renewals and releases
 * @param openRenewals renewals and releases at a time
 * @param sessions sessions at a time
 * @param watchedNames watched names at a time; a name counts once for each watch
 * @param locks grants that were made or renewed here and have not ended
 * @param connections connections at a time
 * @param memoryBytes memory for all clients. A quarter is reserved for sessions, renewals and
 *     releases, an eighth for the registry of held grants
 * @param clientPercent part of each of these limits that one client may use, 1–100
 */
public record LimitSettings(
    int openCalls,
    int openRenewals,
    int sessions,
    int watchedNames,
    int locks,
    int connections,
    long memoryBytes,
    int clientPercent) {
  private static final int HOLDERS_DIVISOR = 4;
  private static final int GRANTS_DIVISOR = 8;
  private static final int ARRIVING_DIVISOR = 4;
  private static final int WHOLE_PERCENT = 100;

  /** Returns the memory for sessions, renewals and releases. */
  public long holdingBytes() {
    return memoryBytes / HOLDERS_DIVISOR;
  }

  /** Returns the memory for the registry of held grants. Grants beyond it are not remembered. */
  public long grantBytes() {
    return memoryBytes / GRANTS_DIVISOR;
  }

  /** Returns the memory for calls that wait, watch or query. */
  public long waitingBytes() {
    return memoryBytes - holdingBytes() - grantBytes();
  }

  /**
   * Returns the memory for incomplete requests. It is not in the heap, but in the buffers of the
   * transport. The JVM allows as much for them as for the heap.
   */
  public long arrivingBytes() {
    return memoryBytes / ARRIVING_DIVISOR;
  }

  /** Returns the part of an amount that one client may use, at least 1. */
  public long partOf(long amount) {
    return Math.max(1, amount * clientPercent / WHOLE_PERCENT);
  }
}
