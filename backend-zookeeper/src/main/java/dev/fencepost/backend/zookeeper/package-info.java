/**
 * Locks in ZooKeeper: one node for each lock, and its replica queue as ephemeral sequential
 * children. {@code lock} has all that reads and changes locks, {@code client} the connection.
 *
 * <p>The algorithm, in reading order:
 *
 * <ol>
 *   <li>{@code client.ZookeeperSchema}: the nodes
 *   <li>{@code lock.LockNode}: the record of a lock, and the kinds of its state
 *   <li>{@code lock.LockSnapshot}: a lock at one moment, read or guessed, as a record for the rules
 *   <li>{@code lock.LockCommandRunner}: where a command starts from, and its steps
 *   <li>{@code lock.LockTxnPlanner}: the transaction that writes a step
 *   <li>{@code lock.LockTxnBatcher}, {@code lock.CommitEffects}: its way to the ensemble, and its
 *       outcome in this replica's memory
 *   <li>{@code lock.TokenBaseManager}: tokens
 *   <li>{@code lock.LockStateTimers}: the end of leases, closings and turns
 *   <li>{@code lock.OwnQueueNodes}: places in queues, and turns that came
 *   <li>{@code ConnectionLifecycle}: what each connection begins with
 * </ol>
 */
@NullMarked
package dev.fencepost.backend.zookeeper;

import org.jspecify.annotations.NullMarked;
