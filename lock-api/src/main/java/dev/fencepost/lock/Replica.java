package dev.fencepost.lock;

/**
 * A living replica, as its fellows and the clients see it.
 *
 * @param id its id
 * @param address where clients reach it: its advertised {@code host:port}
 * @param phase whether it takes new claims
 */
public record Replica(ReplicaId id, String address, Phase phase) {
  /** What a replica does with new claims. */
  public enum Phase {
    /** It takes them. */
    SERVING,
    /** It is going and refuses them. */
    DRAINING
  }
}
