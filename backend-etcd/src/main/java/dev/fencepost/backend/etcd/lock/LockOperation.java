package dev.fencepost.backend.etcd.lock;

import dev.fencepost.backend.etcd.lock.ObservedLock.Entry;
import dev.fencepost.backend.etcd.lock.ObservedLock.ReplicaQueue;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * One command on a lock, from a guess of its state to the answer. The rules turn the observed state
 * into a transition, and a transaction writes it if that state is still unchanged. Its other branch
 * reads the present state instead, and the operation retries from there. Each failed try means that
 * somebody else made progress.
 *
 * <p>For one call; its steps run one after another.
 */
public final class LockOperation<T> {
  private static final int MAX_TRIES = 200;

  private final EtcdCommand<T> command;
  private final OperationContext context;
  private final LockRenewer renewer;
  private final CallDeadline deadline;
  private final LockCommit commit;
  private int tries;
  private boolean needsTime;

  public LockOperation(
      EtcdCommand<T> command,
      OperationContext context,
      LockRenewer renewer,
      CallDeadline deadline) {
    this.command = command;
    this.context = context;
    this.renewer = renewer;
    this.deadline = deadline;
    this.commit = new LockCommit(context, command instanceof EtcdCommand.Acquire, deadline);
  }

  /** Runs the command, starting from a guessed state. */
  public CompletionStage<T> runFromGuess(ObservedLock guess) {
    return returningUnusedLease(tryFrom(guess));
  }

  /** Runs the command, starting from a read. */
  public CompletionStage<T> runFromRead() {
    return returningUnusedLease(readAndTry());
  }

  private CompletionStage<T> returningUnusedLease(CompletionStage<T> answer) {
    return answer.whenComplete((done, error) -> commit.returnUnusedLease());
  }

  private CompletionStage<T> readAndTry() {
    if (++tries > MAX_TRIES || deadline.isOver()) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    return context
        .reads()
        .submit(LockReadRequest.of(context.schema(), command.lock()), deadline)
        .thenCompose(read -> tryFromRead(read.toLock(command.lock()), read.revision()));
  }

  /** Queries the time that is left first, if it decides. */
  private CompletionStage<T> tryFromRead(ObservedLock observed, long revision) {
    commit.recordRevision(revision);
    if (observed.isBound() && (command.needsTime() || observed.dependsOnTime() || needsTime)) {
      return withTime(observed).thenCompose(this::tryFrom);
    }
    return tryFrom(observed);
  }

  private CompletionStage<ObservedLock> withTime(ObservedLock observed) {
    return context.leaseClock().withTime(observed, deadline);
  }

  private CompletionStage<T> tryFrom(ObservedLock found) {
    boolean turnExpired = !found.isGuessed() && context.watches().hasTurnExpired(found);
    ObservedLock observed = turnExpired ? found.withTurnExpired() : found;
    long now = TimeUnit.NANOSECONDS.toMicros(context.tokenBase().clockNanos());
    LockRecord before = observed.recordAt(now);
    Transition<T> transition = command.apply(before, new StepContext(context.self(), 0, now));
    RecordDiff diff = RecordDiff.between(observed, before, transition.after(), now);
    if (diff.isEmpty()) {
      return observed.isGuessed()
          ? readAndTry()
          : finish(observed, transition, LockCommit.Result.NOTHING);
    }
    return commit
        .write(observed, diff)
        .thenCompose(
            result -> {
              if (result.isDone()) {
                return finish(observed, transition, result);
              }
              if (++tries > MAX_TRIES || deadline.isOver()) {
                return CompletableFuture.failedFuture(EtcdErrors.timeout());
              }
              return result
                  .present()
                  .map(present -> tryFromRead(present, result.revision()))
                  .orElseGet(this::readAndTry);
            });
  }

  private CompletionStage<T> finish(
      ObservedLock observed, Transition<T> transition, LockCommit.Result result) {
    updateWatch(observed, transition.after(), result);
    if (result.token() > 0) {
      context.tokenBase().recordToken(result.token());
    }
    T answer =
        command.withTokens(
            transition.outcome(),
            result.token(),
            context.tokenBase().highestToken(commit.revision()));
    Optional<Attempt> attempt = command.attemptIn(answer);
    if (attempt.isPresent() && attempt.orElseThrow() instanceof Attempt.Granted granted) {
      return granted.grant().origin() == Grant.Origin.EXISTING
          ? confirm(granted.grant(), answer)
          : CompletableFuture.completedStage(answer);
    }
    boolean showsTime = attempt.isPresent() && transition.after().turn().isEmpty();
    return showsTime && observed.isBound() && observed.entry().orElseThrow().secondsLeft().isEmpty()
        ? withTime(observed)
            .thenApply(timed -> timed.hasSameRecordAs(observed) ? answerWithTime(timed) : answer)
        : CompletableFuture.completedStage(answer);
  }

  /** Returns the same answer with the time that is left. */
  private T answerWithTime(ObservedLock timed) {
    long now = TimeUnit.NANOSECONDS.toMicros(context.tokenBase().clockNanos());
    Transition<T> again =
        command.apply(timed.recordAt(now), new StepContext(context.self(), 0, now));
    return command.withTokens(
        again.outcome(), 0, context.tokenBase().highestToken(commit.revision()));
  }

  /** Renews the lease of a claim that already holds the lock, so that it counts from now. */
  private CompletionStage<T> confirm(Grant existing, T answer) {
    return renewer
        .renew(existing.ref(), deadline)
        .thenCompose(
            renewal -> {
              // If the lease has ended, its record may still exist for a while.
              needsTime = true;
              return renewal instanceof Renewal.Renewed
                  ? CompletableFuture.completedStage(answer)
                  : readAndTry();
            });
  }

  /** Watches the lock while this replica is in its queue or has its turn. */
  private void updateWatch(ObservedLock observed, LockRecord after, LockCommit.Result result) {
    boolean waits =
        after.replicaQueue().contains(context.self())
            || after.turn().filter(context.self()::equals).isPresent();
    if (waits) {
      Optional<Entry> entry = result.entry().or(observed::entry);
      ReplicaQueue queue =
          result.isDone() && !after.replicaQueue().equals(observed.queue().replicas())
              ? new ReplicaQueue(
                  after.replicaQueue(), after.replicaQueue().isEmpty() ? 0 : result.revision())
              : observed.queue();
      context
          .watches()
          .watch(
              new ObservedLock(observed.lock(), entry, queue, observed.basis()), commit.revision());
    } else {
      context.watches().unwatch(observed.lock(), commit.revision());
    }
  }
}
