package dev.fencepost.benchmarks.report;

import java.util.Arrays;

/** What is done with the locks, and what is counted. */
public enum Scenario {
  /** Each thread has locks of its own. */
  UNCONTENDED("uncontended", "threads", "pairs/s", Better.MORE),
  /** One lock for all threads, nothing done while it is held. */
  CONTENDED("contended", "threads", "hand-overs/s", Better.MORE),
  /** One lock, released once to many. */
  HERD("herd", "waiters", "ms until the last", Better.LESS),
  /** Many locks held and renewed. */
  MANY_LOCKS("many-locks", "locks", "locks kept", Better.MORE),
  /** Many claims that wait for one lock. */
  MANY_WAITERS("many-waiters", "waiters", "bytes of server heap per waiter", Better.LESS),
  /** The holder's process is killed while another waits. */
  HOLDER_KILLED("holder-killed", "waiters", "ms to the next grant", Better.LESS),
  /** One of Fencepost's replicas is killed under load. */
  REPLICA_KILLED("replica-killed", "threads", "ms without a grant", Better.LESS),
  /** The store's leader is killed under load. */
  LEADER_KILLED("leader-killed", "threads", "ms without a grant", Better.LESS);

  /** Which way is better. */
  public enum Better {
    /** A rate. */
    MORE,
    /** A time. */
    LESS
  }

  private final String id;
  private final String load;
  private final String unit;
  private final Better better;

  Scenario(String id, String load, String unit, Better better) {
    this.id = id;
    this.load = load;
    this.unit = unit;
    this.better = better;
  }

  /** The one with the id. */
  public static Scenario of(String id) {
    return Arrays.stream(values())
        .filter(scenario -> scenario.id.equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no scenario " + id));
  }

  /** Its name. */
  public String id() {
    return id;
  }

  /** What its load is a number of. */
  public String load() {
    return load;
  }

  /** What its value is. */
  public String unit() {
    return unit;
  }

  /** Which way is better. */
  public Better better() {
    return better;
  }
}
