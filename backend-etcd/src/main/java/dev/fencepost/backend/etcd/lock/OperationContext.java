package dev.fencepost.backend.etcd.lock;

import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.lease.LeasePool;
import dev.fencepost.backend.etcd.lease.SharedLease;
import dev.fencepost.backend.etcd.lease.TtlRounding;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import dev.fencepost.lock.ReplicaId;

/**
 * The parts of an open store that an operation works with.
 *
 * @param self this replica
 * @param schema the keys of the store
 * @param rounding the leases that etcd can grant
 * @param tokenBase the number that tokens are counted from
 * @param acquireTxns batches the writes of attempts
 * @param ownerTxns batches all other writes
 * @param reads batches reads
 * @param leaseClient single leases
 * @param leaseClock the time that leases have left
 * @param leasePool leases for grants
 * @param memoryLease the lease of the remembered tokens of free locks
 * @param turnLease the lease of reserved turns
 * @param queueLease the lease of replica queues
 * @param replicas this replica's own entry and lease
 * @param localGrants grants made by this replica
 * @param watches locks that have waiters at this replica
 */
public record OperationContext(
    ReplicaId self,
    EtcdSchema schema,
    TtlRounding rounding,
    TokenBase tokenBase,
    TxnBatcher<GuardedTxn, GuardedTxn.Outcome> acquireTxns,
    TxnBatcher<GuardedTxn, GuardedTxn.Outcome> ownerTxns,
    TxnBatcher<LockReadRequest, LockReadRequest.Result> reads,
    LeaseClient leaseClient,
    LeaseTimeReader leaseClock,
    LeasePool leasePool,
    SharedLease memoryLease,
    SharedLease turnLease,
    SharedLease queueLease,
    ReplicaRegistry replicas,
    LocalGrants localGrants,
    LockWatches watches) {}
