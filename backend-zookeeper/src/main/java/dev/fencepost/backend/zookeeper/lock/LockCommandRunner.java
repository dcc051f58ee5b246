package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.backend.zookeeper.lock.LockSnapshot.RemainingLease;
import dev.fencepost.backend.zookeeper.lock.LockStateTimers.TrackedState;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.LockCommand.ForceReleaseLock;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import dev.fencepost.lock.spi.support.LockCommand.ReleaseClaim;
import dev.fencepost.lock.spi.support.LockCommand.RenewGrant;
import dev.fencepost.lock.spi.support.LockCommand.StoreTokens;
import dev.fencepost.lock.spi.support.RecordSteps;
import dev.fencepost.lock.spi.support.RecordSteps.LockTable;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import dev.fencepost.lock.spi.support.RecordSteps.StepResult;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Runs the commands that change a lock. A command starts from a guess where there is one: the state
 * that this replica wrote itself, its turn, or a lock that nobody uses. Then it takes one round
 * trip. If the transaction is refused, or without a guess, it reads the lock first.
 *
 * @param self this replica
 * @param existingLocks locks whose node is believed to exist
 * @param contendedLocks locks with a replica queue that is believed not to be empty
 * @param repair creates the base nodes if the tree was wiped
 */
public record LockCommandRunner(
    ReplicaId self,
    LockReader reader,
    LockTxnBatcher batcher,
    LockTxnPlanner planner,
    LockStateTimers stateTimers,
    OwnQueueNodes queueNodes,
    LockNameCache existingLocks,
    LockNameCache contendedLocks,
    EnsembleClock clock,
    Function<CallDeadline, CompletionStage<?>> repair) {
  private static final int CONFLICTS_BEFORE_REPAIR = 8;

  /** Runs a command until its deadline. */
  public <T> CompletionStage<T> run(LockCommand<T> command, CallDeadline deadline) {
    return RecordSteps.run(
        command,
        new CommandTable<>(command, deadline),
        guess(command),
        ZookeeperErrors.FAILURES,
        deadline);
  }

  private Optional<LockSnapshot> guess(LockCommand<?> command) {
    if (command instanceof AcquireClaim acquire) {
      return guessAvailable(acquire.lock());
    }
    if (command instanceof RenewGrant renewal) {
      return guessHeld(renewal.grant());
    }
    if (command instanceof HandOverGrant handOver && handOver.intent() != QueueIntent.YIELD) {
      return guessHeld(handOver.from());
    }
    if (command instanceof ReleaseClaim release) {
      ReleaseCommand order = release.command();
      // A release without a closing passes the lock on, for which the whole queue must be known.
      return guessHeld(order)
          .filter(
              held ->
                  !order.closeFor().isZero()
                      || (held.queue().isEmpty() && !contendedLocks.contains(order.lock())));
    }
    return Optional.empty();
  }

  private Optional<LockSnapshot> guessAvailable(LockName lock) {
    Optional<String> turn = queueNodes.takeTurn(lock);
    if (turn.isPresent()) {
      return turn.map(queueNode -> LockSnapshot.guessTurn(lock, self, queueNode));
    }
    return stateTimers.find(lock).isPresent() || queueNodes.find(lock).isPresent()
        ? Optional.empty()
        : Optional.of(LockSnapshot.guessFree(lock, existingLocks.contains(lock)));
  }

  private Optional<LockSnapshot> guessHeld(GrantRef grant) {
    return guessHeld(ReleaseCommand.of(grant));
  }

  /** Guesses that the grant of this claim, token and principal holds the lock. */
  private Optional<LockSnapshot> guessHeld(ReleaseCommand order) {
    LockName lock = order.lock();
    return stateTimers
        .find(lock)
        .filter(tracked -> tracked.holds(order.claim(), order.principal()))
        .map(TrackedState::stored)
        .filter(stored -> order.token().filter(t -> t.value() != stored.token()).isEmpty())
        .map(stored -> LockSnapshot.guessBusy(lock, stored, queueNodes.find(lock)));
  }

  /** One command's view of the store. */
  private final class CommandTable<T> implements LockTable<LockSnapshot, T> {
    private final LockCommand<T> command;
    private final CallDeadline deadline;

    CommandTable(LockCommand<T> command, CallDeadline deadline) {
      this.command = command;
      this.deadline = deadline;
    }

    @Override
    public CompletionStage<LockSnapshot> read(LockName lock, CallDeadline until) {
      return reader
          .snapshot(lock, until)
          .thenApply(
              snapshot -> {
                queueNodes.adopt(snapshot);
                contendedLocks.set(lock, !snapshot.queue().isEmpty());
                return snapshot;
              });
    }

    @Override
    public boolean isGuess(LockSnapshot observed) {
      return observed.isGuess();
    }

    @Override
    public StepContext context() {
      return new StepContext(self, 0, clock.nowMicros());
    }

    @Override
    public LockRecord recordOf(LockSnapshot observed, StepContext context) {
      // The remaining lease is an estimate: a forced release keeps the lock closed for a whole one.
      RemainingLease remaining =
          command instanceof ForceReleaseLock ? RemainingLease.FULL : RemainingLease.ESTIMATED;
      return observed.record(context.nowMicros(), remaining);
    }

    @Override
    public boolean needsWrite(LockSnapshot observed, RecordChange<T> change) {
      return LockTxnPlanner.isRenewal(change) || !change.before().equals(change.after());
    }

    @Override
    public CompletionStage<StepResult<LockSnapshot>> write(
        LockSnapshot observed, RecordChange<T> change, CallDeadline until) {
      Function<TokenBase, LockTxn> txn = base -> planner.change(observed, change, base);
      // A lock that had to be read or was waited for is contended.
      boolean isContended = !observed.isGuess() || observed.kind() == StateKind.TURN;
      CompletionStage<OptionalLong> written =
          isContended
              ? batcher.sendAlone(command.lock(), txn, until)
              : batcher.send(command.lock(), txn, until);
      return written.thenApply(
          token ->
              token.isPresent()
                  ? StepResult.done(token.getAsLong())
                  : StepResult.refused(Optional.empty()));
    }

    /** The token comes from ZooKeeper's transaction id. */
    @Override
    public CompletionStage<Optional<T>> answer(
        LockSnapshot observed,
        RecordChange<T> change,
        StepResult<LockSnapshot> result,
        CallDeadline until) {
      T outcome = change.transition().outcome();
      long before = change.before().token();
      boolean isBusy =
          command.attemptIn(outcome).filter(Attempt.Busy.class::isInstance).isPresent();
      StoreTokens tokens =
          new StoreTokens(
              result.token() == 0 ? before : result.token(),
              isBusy ? Math.max(before, reader.presentToken()) : 0);
      T answer = command.withTokens(outcome, tokens);
      boolean isAfterExpiry =
          observed.kind() == StateKind.TURN && observed.node().claim().isPresent();
      return CompletableFuture.completedFuture(
          Optional.of(isAfterExpiry ? expired(answer) : answer));
    }

    @Override
    public CompletionStage<?> onConflicts(int count) {
      return count == CONFLICTS_BEFORE_REPAIR
          ? repair.apply(deadline)
          : CompletableFuture.completedFuture(count);
    }
  }

  /**
   * Reports a lease that ran out as expired, although the turn of the next waiter began at once.
   */
  @SuppressWarnings("unchecked") // It replaces an answer by one of the same interface.
  private static <T> T expired(T answer) {
    Object corrected = answer;
    if (answer instanceof HandOver handOver) {
      corrected = new HandOver(expired(handOver.ended()), handOver.got());
    } else if (answer instanceof Release.NotHeld lost && lost.reason() == LossReason.RELEASED) {
      corrected = new Release.NotHeld(LossReason.EXPIRED);
    } else if (answer instanceof Renewal.Lost lost && lost.loss().reason() == LossReason.RELEASED) {
      corrected =
          new Renewal.Lost(
              new GrantLoss(LossReason.EXPIRED, lost.loss().detail(), lost.loss().lastToken()));
    }
    return (T) corrected;
  }
}
