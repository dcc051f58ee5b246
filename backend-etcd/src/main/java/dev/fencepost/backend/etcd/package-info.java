/**
 * The etcd backend: locks in etcd, one key each, bound to a lease.
 *
 * <p>The rules of {@link dev.fencepost.lock.spi.record.LockRecord} decide each step, from the last
 * observed state of the lock. The transaction compares that state, and its other branch reads the
 * present one. So the usual step is one transaction, and all locks that wait at the moment share
 * it.
 *
 * <p>The algorithm, in reading order: {@link dev.fencepost.backend.etcd.EtcdSchema} (keys), {@link
 * dev.fencepost.backend.etcd.LockValue} and {@link dev.fencepost.backend.etcd.EtcdRecordCodec}
 * (values), {@link dev.fencepost.backend.etcd.ObservedLock} (a state), {@link
 * dev.fencepost.backend.etcd.RecordDiff} (a change), {@link
 * dev.fencepost.backend.etcd.EtcdLockTable} (its transaction), {@link
 * dev.fencepost.backend.etcd.TokenBase} (tokens), {@link dev.fencepost.backend.etcd.TxnLanes}
 * (batches), {@link dev.fencepost.backend.etcd.LockRenewer} (renewals) and {@link
 * dev.fencepost.backend.etcd.LockWatches} (wake-ups). {@link dev.fencepost.backend.etcd.EtcdStore}
 * puts them together.
 *
 * <p>The package {@code rpc} has the calls to etcd and its leases, and does not know this one.
 *
 * <p>Only etcd's messages and methods are used from jetcd, over channels of our own. jetcd's client
 * repeats transactions by a policy of its own and sets no deadline on them. It does not tell which
 * connection carried an answer, and the rise of tokens depends on that (see {@link
 * dev.fencepost.backend.etcd.TokenBase}). It also brings a second event loop.
 *
 * <p>Other modules use {@link dev.fencepost.backend.etcd.EtcdBackendProvider} only.
 */
@NullMarked
package dev.fencepost.backend.etcd;

import org.jspecify.annotations.NullMarked;
