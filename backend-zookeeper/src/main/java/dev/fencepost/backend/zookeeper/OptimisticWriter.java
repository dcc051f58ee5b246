package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.LockTxnBatcher.CommitResult;
import dev.fencepost.backend.zookeeper.LockTxnFactory.NodePresence;
import dev.fencepost.backend.zookeeper.LockTxnFactory.QueueChange;
import dev.fencepost.backend.zookeeper.StateExpirer.TrackedState;
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
 * What can be done in one round trip, without looking first: a transaction that is refused unless
 * the lock stands as this replica believes. Every answer is empty if it is not possible or was
 * refused; then {@link ReadModifyWriter} looks. Safe for use by many threads.
 */
final class OptimisticWriter {
  private final LockTxnBatcher batcher;
  private final LockTxnFactory txns;
  private final StateExpirer expirer;
  private final OwnQueueNodes queueNodes;
  private final LockNameCache existingLocks;
  private final LockNameCache contendedLocks;

  /**
   * Makes the quick way.
   *
   * @param existingLocks locks whose node is believed to be there
   * @param contendedLocks locks in whose line others are believed to stand
   */
  OptimisticWriter(
      LockTxnBatcher batcher,
      LockTxnFactory txns,
      StateExpirer expirer,
      OwnQueueNodes queueNodes,
      LockNameCache existingLocks,
      LockNameCache contendedLocks) {
    this.contendedLocks = contendedLocks;
    this.batcher = batcher;
    this.txns = txns;
    this.expirer = expirer;
    this.queueNodes = queueNodes;
    this.existingLocks = existingLocks;
  }

  CompletableFuture<Optional<Attempt>> acquire(Claim claim, QueueIntent intent) {
    LockName lock = claim.lock();
    Optional<String> turn = queueNodes.takeTurn(lock);
    if (intent != QueueIntent.NONE && intent != QueueIntent.JOIN) {
      return impossible();
    }
    if (turn.isPresent()) {
      return granted(
          claim, batcher.sendAlone(lock, base -> txns.takeTurn(claim, turn.orElseThrow(), base)));
    }
    if (expirer.of(lock).isPresent() || queueNodes.of(lock).isPresent()) {
      return impossible();
    }
    NodePresence presence =
        existingLocks.contains(lock) ? NodePresence.PRESENT : NodePresence.MISSING;
    return granted(claim, batcher.send(lock, base -> txns.take(claim, presence, base)));
  }

  CompletableFuture<Optional<HandOver>> handOver(GrantRef from, Claim to, QueueIntent intent) {
    Optional<TrackedState> kept = kept(from);
    if (kept.isEmpty() || intent == QueueIntent.YIELD || from.claim().equals(to.id())) {
      return impossible();
    }
    boolean hasPlace = queueNodes.of(from.lock()).isPresent();
    QueueChange change =
        intent == QueueIntent.JOIN
            ? (hasPlace ? QueueChange.LEAVE : QueueChange.NONE)
            : (hasPlace ? QueueChange.NONE : QueueChange.JOIN);
    LockNode node = kept.orElseThrow().node();
    return granted(to, batcher.send(from.lock(), base -> txns.pass(node, to, change, base)))
        .thenApply(got -> got.map(attempt -> new HandOver(new Release.Released(), attempt)));
  }

  CompletableFuture<Optional<Renewal>> renew(GrantRef grant) {
    return kept(grant)
        .map(
            kept -> {
              RecordedClaim tenant = kept.node().claim().orElseThrow();
              Grant renewed =
                  new Grant(grant, tenant.lease(), tenant.claimant().mode(), Grant.Origin.EXISTING);
              return batcher
                  .send(grant.lock(), base -> txns.renew(grant.lock(), kept.node()))
                  .thenApply(sent -> sent.<Renewal>map(written -> new Renewal.Renewed(renewed)));
            })
        .orElseGet(OptimisticWriter::impossible);
  }

  CompletableFuture<Optional<Release>> release(ReleaseCommand command) {
    LockName lock = command.lock();
    Optional<TrackedState> kept =
        expirer
            .of(lock)
            .filter(k -> k.holds(command.claim()))
            .filter(
                k -> command.token().filter(t -> t.value() != k.node().token().value()).isEmpty());
    if (kept.isEmpty()
        || !command.closeFor().isZero()
        || queueNodes.of(lock).isPresent()
        || contendedLocks.contains(lock)) {
      return impossible();
    }
    LockNode node = kept.orElseThrow().node();
    return batcher
        .send(lock, base -> txns.free(lock, node))
        .thenApply(sent -> sent.<Release>map(written -> new Release.Released()));
  }

  private Optional<TrackedState> kept(GrantRef grant) {
    return expirer
        .of(grant.lock())
        .filter(kept -> kept.holds(grant.claim()))
        .filter(kept -> kept.node().token().value() == grant.token().value());
  }

  private static CompletableFuture<Optional<Attempt>> granted(
      Claim claim, CompletableFuture<Optional<CommitResult>> sent) {
    Function<CommitResult, Attempt> grant =
        written ->
            new Attempt.Granted(
                new Grant(
                    new GrantRef(claim.lock(), claim.id(), new FencingToken(written.token())),
                    claim.lease(),
                    claim.claimant().mode(),
                    Grant.Origin.NEW));
    return sent.thenApply(written -> written.map(grant));
  }

  private static <T> CompletableFuture<Optional<T>> impossible() {
    return CompletableFuture.completedFuture(Optional.empty());
  }
}
