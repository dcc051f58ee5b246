package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.ReplicaId;

/**
 * The context of a transition: the acting replica, its token floor and the clock.
 *
 * @param self its id
 * @param tokenFloor no token below this is given: the highest one the replica has seen, plus one
 * @param nowMicros the store's clock at the moment of the write, in µs since 1970, read once
 */
public record StepContext(ReplicaId self, long tokenFloor, long nowMicros) {}
