package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.rpc.EtcdLeases;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.StepContext;
import java.util.concurrent.TimeUnit;

/**
 * The parts of an open store that a command works with.
 *
 * @param self this replica
 * @param schema the keys of the store
 * @param tokenBase the number that tokens are counted from
 * @param lanes transactions on locks
 * @param leases the leases of this replica
 * @param reader reads locks, and the time that their leases have left
 * @param localGrants grants made by this replica
 * @param watches locks that have waiters at this replica
 */
record OperationContext(
    ReplicaId self,
    EtcdSchema schema,
    TokenBase tokenBase,
    TxnLanes lanes,
    EtcdLeases leases,
    LockReader reader,
    LocalGrants localGrants,
    LockWatches watches) {

  /** Returns the context of a step now. Tokens come from etcd's revisions, so it has no floor. */
  StepContext step() {
    long nowMicros = TimeUnit.NANOSECONDS.toMicros(tokenBase.clockNanos());
    return new StepContext(self, 0, nowMicros);
  }
}
