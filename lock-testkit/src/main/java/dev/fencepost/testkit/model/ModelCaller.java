package dev.fencepost.testkit.model;

import dev.fencepost.lock.ReplicaId;

/**
 * The replica that calls a {@link ModelStore}.
 *
 * @param self its id
 * @param tokenFloor no token below this is given: the highest one the replica has seen, plus one; 0
 *     if it has seen none
 */
public record ModelCaller(ReplicaId self, long tokenFloor) {

  /** A replica that has seen no token yet. */
  public static ModelCaller of(ReplicaId self) {
    return new ModelCaller(self, 0);
  }
}
