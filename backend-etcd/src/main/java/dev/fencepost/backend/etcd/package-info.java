/**
 * The etcd backend: locks in etcd, one key each, bound to a lease.
 *
 * <p>The rules of {@link dev.fencepost.lock.spi.record.LockRecord} decide each step, from the last
 * observed state of the lock. The transaction compares that state, and its other branch reads the
 * present one. So the usual step is one transaction, and all locks that wait at the moment share
 * it.
 *
 * <p>The packages know each other in one direction only: this one knows {@code lock}, {@code lease}
 * and {@code rpc}; {@code lock} knows {@code lease} and {@code rpc}; {@code lease} knows {@code
 * rpc}.
 *
 * <p>Only etcd's messages and methods are used from jetcd, over channels of our own. jetcd's client
 * repeats transactions by a policy of its own and sets no deadline on them. It does not tell which
 * connection carried an answer, and the rise of tokens depends on that (see {@link
 * dev.fencepost.backend.etcd.lock.TokenBase}). It also brings a second event loop.
 *
 * <p>Other modules use {@link dev.fencepost.backend.etcd.EtcdBackendProvider} only.
 */
@NullMarked
package dev.fencepost.backend.etcd;

import org.jspecify.annotations.NullMarked;
