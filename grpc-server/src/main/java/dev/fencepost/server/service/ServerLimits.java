package dev.fencepost.server.service;

/**
 * What clients have of this server and how much more they may have, in counts and in bytes. The
 * shares of those who hold locks (sessions, renewals, releases and their memory) are apart from the
 * shares of those who wait, watch and ask. Thread-safe.
 */
public final class ServerLimits {
  /** Health and reflection: apart from all others, so that nobody keeps a probe out. */
  private static final int PROBES = 5_000;

  private final ClientQuota calls;
  private final ClientQuota renewals;
  private final ClientQuota sessions;
  private final ClientQuota probes;
  private final ClientQuota watchedNames;
  private final ClientQuota locks;
  private final ClientQuota waitingBytes;
  private final ClientQuota holdingBytes;
  private final ClientQuota grantBytes;

  /** Nothing is taken yet. */
  public ServerLimits(LimitSettings settings) {
    calls = quota("calls open at a time", settings.openCalls(), settings);
    renewals = quota("renewals and releases open at a time", settings.openRenewals(), settings);
    sessions = quota("sessions", settings.sessions(), settings);
    probes = quota("health checks open at a time", PROBES, settings);
    watchedNames = quota("watched names", settings.watchedNames(), settings);
    locks = quota("locks held through this replica", settings.locks(), settings);
    waitingBytes = quota("bytes of waiting calls", settings.waitingBytes(), settings);
    holdingBytes = quota("bytes of sessions and renewals", settings.holdingBytes(), settings);
    grantBytes = quota("bytes of the register of grants", settings.grantBytes(), settings);
  }

  private static ClientQuota quota(String name, long most, LimitSettings settings) {
    return new ClientQuota(name, most, settings.partOf(most));
  }

  /** Calls of Fencepost's own services that are open now, sessions included. */
  public long openCalls() {
    return calls.used() + renewals.used() + sessions.used();
  }

  /** Calls that wait, watch or ask. */
  public ClientQuota calls() {
    return calls;
  }

  /** Renewals and releases outside of sessions. */
  public ClientQuota renewals() {
    return renewals;
  }

  /** Sessions. */
  public ClientQuota sessions() {
    return sessions;
  }

  /** Calls of other services than Fencepost's own. */
  ClientQuota probes() {
    return probes;
  }

  /** Names that are watched, for each watch. */
  ClientQuota watchedNames() {
    return watchedNames;
  }

  /** Grants that were made or renewed here and have not ended. */
  public ClientQuota locks() {
    return locks;
  }

  /** Memory of those who wait, watch and ask. */
  public ClientQuota waitingBytes() {
    return waitingBytes;
  }

  /** Memory of sessions, renewals and releases. */
  public ClientQuota holdingBytes() {
    return holdingBytes;
  }

  /** Memory of the register of grants: apart, so that grants never crowd out their renewals. */
  ClientQuota grantBytes() {
    return grantBytes;
  }
}
