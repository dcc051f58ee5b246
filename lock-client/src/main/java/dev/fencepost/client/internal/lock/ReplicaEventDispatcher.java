package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.ReplicaPoolListener;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.proto.v1.GrantLost;

/** Passes the events of replicas to acquires, releases and held locks. */
final class ReplicaEventDispatcher implements ReplicaPoolListener {
  private final ClientContext context;

  ReplicaEventDispatcher(ClientContext context) {
    this.context = context;
  }

  @Override
  public void onSessionUsable() {
    context.stateCondition.signalChange();
    // The next round sends what waited, renewals first: they are the most urgent after an outage.
    context.heldLocks.forEach(HeldLock::retryRenewalSoon);
    context.retriedOperations.forEach(RetriedOperation::retrySoon);
    context.acquires.forEach(AcquireOperation::retrySoon);
  }

  @Override
  public void onGrantLost(GrantLost lost) {
    GrantLoss why = ProtoConverter.loss(lost.getLost());
    context.heldLocks.forEach(
        heldLock -> {
          if (heldLock.ref().token().value() == lost.getFencingToken()
              && heldLock.ref().lock().value().equals(lost.getName())) {
            heldLock.onLost(why);
          }
        });
  }

  @Override
  public void onReplicasChanged() {
    context.stateCondition.signalChange();
    context.discovery.refreshSoon();
  }
}
