package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Entry;
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
 * One move, from the guess of how the lock stands to the answer. The rules say what follows from
 * what was seen, the transaction compares what was seen, and its other branch reads what is there
 * instead: then it is tried again from that. Each failed try means that somebody else went on.
 *
 * <p>For one call; its steps follow each other.
 */
final class LockOperation<T> {
  private static final int MOST_TRIES = 200;

  private final EtcdCommand<T> move;
  private final OperationContext around;
  private final EtcdRenewer renewals;
  private final CallDeadline deadline;
  private final LockCommit commit;
  private int tries;
  private boolean endsByTime;

  LockOperation(
      EtcdCommand<T> move, OperationContext around, EtcdRenewer renewals, CallDeadline deadline) {
    this.move = move;
    this.around = around;
    this.renewals = renewals;
    this.deadline = deadline;
    this.commit = new LockCommit(around, move instanceof EtcdCommand.Acquire, deadline);
  }

  /** Makes the move, first on the ground of a guess. */
  CompletionStage<T> from(ObservedLock guess) {
    return settled(decide(guess));
  }

  /** Makes the move on the ground of a look. */
  CompletionStage<T> fromLook() {
    return settled(look());
  }

  private CompletionStage<T> settled(CompletionStage<T> answer) {
    return answer.whenComplete((done, error) -> commit.giveBackUnused());
  }

  private CompletionStage<T> look() {
    if (++tries > MOST_TRIES || deadline.isOver()) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    EtcdSchema keys = around.keys();
    return around
        .reads()
        .ask(new LockRead(keys.lock(move.lock()), keys.line(move.lock())), deadline)
        .thenCompose(
            found ->
                weigh(
                    ObservedLock.read(move.lock(), found.record(), found.line()),
                    found.revision()));
  }

  /** Learns how much time is left, if that decides. */
  private CompletionStage<T> weigh(ObservedLock seen, long revision) {
    commit.sawAt(revision);
    if (seen.isBound() && (move.needsTime() || seen.dependsOnTime() || endsByTime)) {
      return withTime(seen).thenCompose(this::decide);
    }
    return decide(seen);
  }

  private CompletionStage<ObservedLock> withTime(ObservedLock seen) {
    return around.clock().timed(seen, deadline);
  }

  private CompletionStage<T> decide(ObservedLock found) {
    boolean isTurnOver = !found.isGuessed() && around.watches().isTurnOver(found);
    ObservedLock seen = isTurnOver ? found.withTurnOver() : found;
    long now = TimeUnit.NANOSECONDS.toMicros(around.base().clockNanos());
    LockRecord before = seen.at(now);
    Transition<T> step = move.step(before, new StepContext(around.self(), 0, now));
    RecordDiff change = RecordDiff.between(seen, before, step.after(), now);
    if (change.isNothing()) {
      return seen.isGuessed() ? look() : finish(seen, step, LockCommit.Made.NOTHING);
    }
    return commit
        .make(seen, change)
        .thenCompose(
            made -> {
              if (made.isDone()) {
                return finish(seen, step, made);
              }
              if (++tries > MOST_TRIES || deadline.isOver()) {
                return CompletableFuture.failedFuture(EtcdException.timeout());
              }
              return made.instead()
                  .map(other -> weigh(other, made.revision()))
                  .orElseGet(this::look);
            });
  }

  private CompletionStage<T> finish(ObservedLock seen, Transition<T> step, LockCommit.Made made) {
    follow(seen, step.after(), made);
    if (made.token() > 0) {
      around.base().saw(made.token());
    }
    T answer =
        move.withTokens(
            step.outcome(), made.token(), around.base().presentToken(commit.revision()));
    Optional<Attempt> got = move.got(answer);
    if (got.isPresent() && got.orElseThrow() instanceof Attempt.Granted granted) {
      return granted.grant().origin() == Grant.Origin.EXISTING
          ? confirm(granted.grant(), answer)
          : CompletableFuture.completedStage(answer);
    }
    boolean showsTime = got.isPresent() && step.after().turn().isEmpty();
    return showsTime && seen.isBound() && seen.entry().orElseThrow().secondsLeft().isEmpty()
        ? withTime(seen).thenApply(timed -> timed.hasRecordOf(seen) ? tellTime(timed) : answer)
        : CompletableFuture.completedStage(answer);
  }

  /** The same answer with the time that is left. */
  private T tellTime(ObservedLock timed) {
    long now = TimeUnit.NANOSECONDS.toMicros(around.base().clockNanos());
    Transition<T> again = move.step(timed.at(now), new StepContext(around.self(), 0, now));
    return move.withTokens(again.outcome(), 0, around.base().presentToken(commit.revision()));
  }

  /** The claim held it already: its lease counts anew. */
  private CompletionStage<T> confirm(Grant standing, T answer) {
    return renewals
        .renew(standing.ref(), deadline)
        .thenCompose(
            renewal -> {
              // If it ended by time, its record may stand for a while.
              endsByTime = true;
              return renewal instanceof Renewal.Renewed
                  ? CompletableFuture.completedStage(answer)
                  : look();
            });
  }

  /** Whoever stands in line, or may take the lock, must learn when that changes. */
  private void follow(ObservedLock seen, LockRecord after, LockCommit.Made made) {
    boolean waits =
        after.replicaQueue().contains(around.self())
            || after.turn().filter(around.self()::equals).isPresent();
    if (waits) {
      Optional<Entry> entry = made.entry().or(seen::entry);
      ObservedLock.Queue line =
          made.isDone() && !after.replicaQueue().equals(seen.line().replicas())
              ? new ObservedLock.Queue(
                  after.replicaQueue(), after.replicaQueue().isEmpty() ? 0 : made.revision())
              : seen.line();
      around
          .watches()
          .follow(new ObservedLock(seen.lock(), entry, line, seen.basis()), commit.revision());
    } else {
      around.watches().unfollow(seen.lock(), commit.revision());
    }
  }
}
