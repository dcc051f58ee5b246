package dev.fencepost.backend.etcd;

import dev.fencepost.lock.ReplicaId;

/**
 * What an operation works with.
 *
 * @param self this replica
 * @param keys where everything is
 * @param terms which leases can be had
 * @param base of tokens
 * @param acquires where attempts go
 * @param owners where everything else goes that writes
 * @param reads where looks go
 * @param leases single leases
 * @param clock what time leases have left
 * @param pool leases for grants
 * @param memories the lease of memories of free locks
 * @param turns the lease of turns
 * @param lines the lease of lines
 * @param roster this replica's own lease
 * @param holdings grants made here
 * @param watches locks waited for here
 */
record OperationContext(
    ReplicaId self,
    EtcdSchema keys,
    TtlRounding terms,
    TokenBase base,
    TxnBatcher<GuardedTxn, GuardedTxn.Outcome> acquires,
    TxnBatcher<GuardedTxn, GuardedTxn.Outcome> owners,
    TxnBatcher<LockRead, LockRead.Found> reads,
    LeaseClient leases,
    LeaseClock clock,
    LeasePool pool,
    SharedLease memories,
    SharedLease turns,
    SharedLease lines,
    ReplicaRegistry roster,
    LocalGrants holdings,
    LockWatches watches) {}
