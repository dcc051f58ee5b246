package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.ReplicaPoolListener;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.proto.v1.GrantLost;

/** Passes on to claims, releases and holdings what happens to the replicas. */
final class ReplicaEventDispatcher implements ReplicaPoolListener {
  private final ClientContext context;

  ReplicaEventDispatcher(ClientContext context) {
    this.context = context;
  }

  @Override
  public void usable() {
    context.stateCondition.changed();
    // The next round sends what waited, renewals first: after an outage they are the most urgent.
    context.heldLocks.forEach(HeldLock::nudge);
    context.retriedOperations.forEach(RetriedOperation::nudge);
    context.acquires.forEach(AcquireOperation::nudge);
  }

  @Override
  public void lost(GrantLost lost) {
    GrantLoss why = ProtoConverter.loss(lost.getLost());
    context.heldLocks.forEach(
        heldLock -> {
          if (heldLock.ref().token().value() == lost.getFencingToken()
              && heldLock.ref().lock().value().equals(lost.getName())) {
            heldLock.lost(why);
          }
        });
  }

  @Override
  public void changed() {
    context.stateCondition.changed();
    context.discovery.soon();
  }
}
