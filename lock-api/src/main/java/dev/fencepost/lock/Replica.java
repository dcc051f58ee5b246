package dev.fencepost.lock;

/**
 * A live replica, as its peers and clients see it.
 *
 * @param id its id
 * @param address where clients reach it: its advertised {@code host:port}
 * @param phase whether it takes new claims
 */
public record Replica(ReplicaId id, String address, Phase phase) {
  /** The state of a replica towards new claims. */
  public enum Phase {
    /** It accepts new claims. */
    SERVING,
    /** It drains and refuses new claims. */
    DRAINING
  }
}
