package dev.fencepost.server.service;

/**
 * How much clients may have of a server. Immutable.
 *
 * @param openCalls calls at a time, those that wait and watch included; sessions, renewals and
 *     releases are not among them
 * @param openRenewals renewals and releases at a time
 * @param sessions sessions at a time
 * @param watchedNames names that are watched at a time, each counted for each watch
 * @param locks grants that were made or renewed here and have not ended
 * @param memoryBytes what all clients may have in memory; a quarter of it belongs to sessions,
 *     renewals and releases, an eighth to the register of grants
 * @param clientPercent the part of each of these that one client may have, 1–100
 */
public record LimitSettings(
    int openCalls,
    int openRenewals,
    int sessions,
    int watchedNames,
    int locks,
    long memoryBytes,
    int clientPercent) {
  private static final int HOLDERS_PART = 4;
  private static final int GRANTS_PART = 8;
  private static final int WHOLE_PERCENT = 100;

  /** Memory of sessions, renewals and releases. */
  public long holdingBytes() {
    return memoryBytes / HOLDERS_PART;
  }

  /** Memory of the register of grants, which are not kept where there is no room. */
  public long grantBytes() {
    return memoryBytes / GRANTS_PART;
  }

  /** Memory of those who wait, watch and ask. */
  public long waitingBytes() {
    return memoryBytes - holdingBytes() - grantBytes();
  }

  /** One client's part of such an amount, 1 at least. */
  public long partOf(long amount) {
    return Math.max(1, amount * clientPercent / WHOLE_PERCENT);
  }
}
