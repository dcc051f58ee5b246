/**
 * Calls to etcd: settings, connections, errors, batches of transactions, and the bounds and
 * deadlines of calls. Knows nothing of leases and locks.
 */
@NullMarked
package dev.fencepost.backend.etcd.rpc;

import org.jspecify.annotations.NullMarked;
