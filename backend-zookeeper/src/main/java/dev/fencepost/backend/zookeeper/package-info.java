/**
 * Locks in ZooKeeper: one node for each lock, and its replica queue as ephemeral sequential
 * children. This package has the provider, the open store and the life of its connection. {@code
 * lock} has all that reads and changes locks, {@code client} the connection itself.
 */
@NullMarked
package dev.fencepost.backend.zookeeper;

import org.jspecify.annotations.NullMarked;
