package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockStateTimers.TrackedState;
import dev.fencepost.backend.zookeeper.lock.LockTxnBatcher.CommitResult;
import dev.fencepost.backend.zookeeper.lock.LockTxnPlanner.NodePresence;
import dev.fencepost.backend.zookeeper.lock.LockTxnPlanner.QueueChange;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Tries a command in one round trip without a read before it. The transaction is refused unless the
 * lock is in the state that this replica believes. The result is empty if there is nothing to rely
 * on or the transaction was refused. Then {@link ReadModifyWriter} takes over. Safe for use by many
 * threads.
 */
public final class CachedStateWriter {
  private final LockTxnBatcher batcher;
  private final LockTxnPlanner txns;
  private final LockStateTimers stateTimers;
  private final OwnQueueNodes queueNodes;
  private final LockNameCache existingLocks;
  private final LockNameCache contendedLocks;

  /**
   * Creates the writer.
   *
   * @param existingLocks locks whose node is believed to exist
   * @param contendedLocks locks with a replica queue that is believed not to be empty
   */
  public CachedStateWriter(
      LockTxnBatcher batcher,
      LockTxnPlanner txns,
      LockStateTimers stateTimers,
      OwnQueueNodes queueNodes,
      LockNameCache existingLocks,
      LockNameCache contendedLocks) {
    this.contendedLocks = contendedLocks;
    this.batcher = batcher;
    this.txns = txns;
    this.stateTimers = stateTimers;
    this.queueNodes = queueNodes;
    this.existingLocks = existingLocks;
  }

  public CompletableFuture<Optional<Attempt>> acquire(Claim claim, QueueIntent intent) {
    LockName lock = claim.lock();
    Optional<String> turn = queueNodes.takeTurn(lock);
    if (intent != QueueIntent.NONE && intent != QueueIntent.JOIN) {
      return notPossible();
    }
    if (turn.isPresent()) {
      return granted(
          claim,
          batcher.sendAlone(lock, base -> txns.acquireInTurn(claim, turn.orElseThrow(), base)));
    }
    if (stateTimers.find(lock).isPresent() || queueNodes.find(lock).isPresent()) {
      return notPossible();
    }
    NodePresence presence =
        existingLocks.contains(lock) ? NodePresence.PRESENT : NodePresence.MISSING;
    return granted(claim, batcher.send(lock, base -> txns.acquireFree(claim, presence, base)));
  }

  public CompletableFuture<Optional<HandOver>> handOver(
      GrantRef from, Claim to, QueueIntent intent) {
    Optional<TrackedState> tracked = tracked(from);
    if (tracked.isEmpty() || intent == QueueIntent.YIELD || from.claim().equals(to.id())) {
      return notPossible();
    }
    boolean isQueued = queueNodes.find(from.lock()).isPresent();
    QueueChange change =
        intent == QueueIntent.JOIN
            ? (isQueued ? QueueChange.LEAVE : QueueChange.NONE)
            : (isQueued ? QueueChange.NONE : QueueChange.JOIN);
    LockNode node = tracked.orElseThrow().node();
    return granted(to, batcher.send(from.lock(), base -> txns.handOver(node, to, change, base)))
        .thenApply(
            acquired -> acquired.map(attempt -> new HandOver(new Release.Released(), attempt)));
  }

  public CompletableFuture<Optional<Renewal>> renew(GrantRef grant) {
    return tracked(grant)
        .map(
            tracked -> {
              RecordedClaim claim = tracked.node().claim().orElseThrow();
              Grant renewed =
                  new Grant(grant, claim.lease(), claim.claimant().mode(), Grant.Origin.EXISTING);
              return batcher
                  .send(grant.lock(), base -> txns.renew(grant.lock(), tracked.node()))
                  .thenApply(
                      committed -> committed.<Renewal>map(result -> new Renewal.Renewed(renewed)));
            })
        .orElseGet(CachedStateWriter::notPossible);
  }

  public CompletableFuture<Optional<Release>> release(ReleaseCommand command) {
    LockName lock = command.lock();
    Optional<TrackedState> tracked =
        stateTimers
            .find(lock)
            .filter(state -> state.holds(command.claim()))
            .filter(
                state ->
                    command
                        .token()
                        .filter(token -> token.value() != state.node().token().value())
                        .isEmpty());
    if (tracked.isEmpty()
        || !command.closeFor().isZero()
        || queueNodes.find(lock).isPresent()
        || contendedLocks.contains(lock)) {
      return notPossible();
    }
    LockNode node = tracked.orElseThrow().node();
    return batcher
        .send(lock, base -> txns.release(lock, node))
        .thenApply(committed -> committed.<Release>map(result -> new Release.Released()));
  }

  private Optional<TrackedState> tracked(GrantRef grant) {
    return stateTimers
        .find(grant.lock())
        .filter(tracked -> tracked.holds(grant.claim()))
        .filter(tracked -> tracked.node().token().value() == grant.token().value());
  }

  private static CompletableFuture<Optional<Attempt>> granted(
      Claim claim, CompletableFuture<Optional<CommitResult>> committed) {
    Function<CommitResult, Attempt> grant =
        result ->
            new Attempt.Granted(
                new Grant(
                    new GrantRef(claim.lock(), claim.id(), new FencingToken(result.token())),
                    claim.lease(),
                    claim.claimant().mode(),
                    Grant.Origin.NEW));
    return committed.thenApply(result -> result.map(grant));
  }

  private static <T> CompletableFuture<Optional<T>> notPossible() {
    return CompletableFuture.completedFuture(Optional.empty());
  }
}
