/**
 * Calls to etcd and its leases: settings, connections, errors, streams, and leases in the order in
 * which they are needed. Knows nothing of locks.
 */
@NullMarked
package dev.fencepost.backend.etcd.rpc;

import org.jspecify.annotations.NullMarked;
