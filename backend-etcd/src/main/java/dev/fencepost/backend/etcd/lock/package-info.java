/**
 * Locks in etcd. A command runs the rules of {@link dev.fencepost.lock.spi.record.LockRecord} on an
 * observed state ({@link dev.fencepost.backend.etcd.lock.LockOperation}) and writes the difference
 * in a transaction that compares that state ({@link dev.fencepost.backend.etcd.lock.LockCommit}).
 * Readers, watches, fence marks and the replica registry are here as well. Knows the packages
 * {@code lease} and {@code rpc}.
 */
@NullMarked
package dev.fencepost.backend.etcd.lock;

import org.jspecify.annotations.NullMarked;
