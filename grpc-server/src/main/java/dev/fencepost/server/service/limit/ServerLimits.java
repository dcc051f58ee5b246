package dev.fencepost.server.service.limit;

/**
 * Quotas of all resources of this server that clients use, in counts and in bytes. Holders
 * (sessions, renewals, releases and their memory) have quotas apart from those of calls that wait,
 * watch and read. Thread-safe.
 */
public final class ServerLimits {
  /** Limit for health checks and reflection, apart from all others so that probes always get in. */
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
  private final ClientQuota arrivingBytes;
  private final ClientQuota connections;

  /** Creates unused quotas. */
  public ServerLimits(LimitSettings settings) {
    calls = quota("calls open at a time", settings.openCalls(), settings);
    renewals = quota("renewals and releases open at a time", settings.openRenewals(), settings);
    sessions = quota("sessions", settings.sessions(), settings);
    probes = quota("health checks open at a time", PROBES, settings);
    watchedNames = quota("watched names", settings.watchedNames(), settings);
    locks = quota("locks held through this replica", settings.locks(), settings);
    waitingBytes = quota("bytes of waiting calls", settings.waitingBytes(), settings);
    holdingBytes = quota("bytes of sessions and renewals", settings.holdingBytes(), settings);
    grantBytes = quota("bytes of the registry of held grants", settings.grantBytes(), settings);
    connections = quota("connections", settings.connections(), settings);
    arrivingBytes = quota("bytes of requests in parts", settings.arrivingBytes(), settings);
  }

  private static ClientQuota quota(String name, long max, LimitSettings settings) {
    return new ClientQuota(name, max, settings.partOf(max));
  }

  /** Returns the open calls of Fencepost's own services, including sessions. */
  public long openCalls() {
    return calls.used() + renewals.used() + sessions.used();
  }

  /** Calls that wait, watch or read. */
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

  /** Calls of services other than Fencepost's own: health checks and reflection. */
  public ClientQuota probes() {
    return probes;
  }

  /** Watched names, counted for each watch. */
  public ClientQuota watchedNames() {
    return watchedNames;
  }

  /** Grants that were made or renewed here and have not ended. */
  public ClientQuota locks() {
    return locks;
  }

  /** Memory of calls that wait, watch or query. */
  public ClientQuota waitingBytes() {
    return waitingBytes;
  }

  /** Memory of sessions, renewals and releases. */
  public ClientQuota holdingBytes() {
    return holdingBytes;
  }

  /** Memory of the registry of held grants, apart so that grants never crowd out their renewals. */
  public ClientQuota grantBytes() {
    return grantBytes;
  }

  /** Memory outside of the heap for incomplete requests. */
  public ClientQuota arrivingBytes() {
    return arrivingBytes;
  }

  /** Connections, counted for the address of each. */
  public ClientQuota connections() {
    return connections;
  }
}
