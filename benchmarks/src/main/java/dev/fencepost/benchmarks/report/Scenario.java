package dev.fencepost.benchmarks.report;

import java.util.Arrays;

/** The way in which locks are used, and the figure that is measured. */
public enum Scenario {
  /** Each thread uses locks of its own. */
  UNCONTENDED("uncontended", "threads", "pairs/s", Better.MORE),
  /** All threads want one lock and do nothing while they hold it. */
  CONTENDED("contended", "threads", "hand-overs/s", Better.MORE),
  /** Many wait for one lock, which is released once. */
  HERD("herd", "waiters", "ms until the last", Better.LESS),
  /** Many locks are held and renewed. */
  MANY_LOCKS("many-locks", "locks", "locks kept", Better.MORE),
  /** Many claims wait for one lock. */
  MANY_WAITERS("many-waiters", "waiters", "bytes of server heap per waiter", Better.LESS),
  /** The holder's process is killed while another client waits. */
  HOLDER_KILLED("holder-killed", "waiters", "ms to the next grant", Better.LESS),
  /** One of Fencepost's replicas is killed under load. */
  REPLICA_KILLED("replica-killed", "threads", "ms without a grant", Better.LESS),
  /** The store's leader is killed under load. */
  LEADER_KILLED("leader-killed", "threads", "ms without a grant", Better.LESS);

  /** The direction in which a figure improves. */
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

  /** Returns the scenario with the id. */
  public static Scenario of(String id) {
    return Arrays.stream(values())
        .filter(scenario -> scenario.id.equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no scenario " + id));
  }

  /** The name in commands and reports. */
  public String id() {
    return id;
  }

  /** The noun that the load counts. */
  public String load() {
    return load;
  }

  /** The unit of the figure. */
  public String unit() {
    return unit;
  }

  /** The direction in which the figure improves. */
  public Better better() {
    return better;
  }
}
