/**
 * Locks kept in etcd, one key each, bound to a lease. What follows from how a lock stands is
 * decided by the rules of {@link dev.fencepost.lock.spi.record.LockRecord} on what was last seen of
 * it; the transaction compares what was seen, and its other branch reads what stands there instead
 * ({@link dev.fencepost.backend.etcd.Operation}). So the usual step is one transaction, and as many
 * locks as wait at the moment travel in it together.
 *
 * <p>Of jetcd only etcd's messages and methods are used, over channels of our own. Its client sends
 * a transaction again by a policy of its own, sets no deadline on it, does not tell over which
 * connection an answer came (on which the rise of tokens rests, see {@link
 * dev.fencepost.backend.etcd.Base}), and brings a second event loop along.
 *
 * <p>The only public type is {@link dev.fencepost.backend.etcd.EtcdBackendProvider}.
 */
@NullMarked
package dev.fencepost.backend.etcd;

import org.jspecify.annotations.NullMarked;
