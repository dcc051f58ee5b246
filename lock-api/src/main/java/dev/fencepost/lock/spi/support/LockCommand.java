package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.Optional;

/**
 * A command that changes one lock: a step by the rules of {@link LockRecord}, and its answer with
 * the tokens that the store gave.
 *
 * @param <T> the type of its answer
 */
public sealed interface LockCommand<T> {

  /** The lock that it changes. */
  LockName lock();

  /** Applies the rules that every store follows. */
  Transition<T> applyTo(LockRecord record, StepContext context);

  /**
   * Returns the answer with the store's tokens, for stores that make tokens when they write.
   *
   * @param tokens of the write and of the store
   */
  default T withTokens(T answer, StoreTokens tokens) {
    return answer;
  }

  /** Returns the attempt in the answer, if the command makes one. */
  default Optional<Attempt> attemptIn(T answer) {
    return Optional.empty();
  }

  /**
   * Tokens that a store gave.
   *
   * @param written the token of the record that was written, if it got one
   * @param present the highest token that can have been granted by then
   */
  record StoreTokens(long written, long present) {}

  /** Tries to get a lock for a claim. */
  record AcquireClaim(Claim claim, QueueIntent intent) implements LockCommand<Attempt> {
    @Override
    public LockName lock() {
      return claim.lock();
    }

    @Override
    public Transition<Attempt> applyTo(LockRecord record, StepContext context) {
      return record.acquire(context, claim, intent);
    }

    @Override
    public Attempt withTokens(Attempt answer, StoreTokens tokens) {
      return attempt(answer, tokens);
    }

    @Override
    public Optional<Attempt> attemptIn(Attempt answer) {
      return Optional.of(answer);
    }
  }

  /** Ends a grant and tries to get the lock for the next claim. */
  record HandOverGrant(GrantRef from, Claim to, QueueIntent intent)
      implements LockCommand<HandOver> {
    /** Fails with {@link IllegalArgumentException} if the claim is for another lock. */
    public HandOverGrant {
      if (!from.lock().equals(to.lock())) {
        throw new IllegalArgumentException("a grant cannot be handed over to another lock's claim");
      }
    }

    @Override
    public LockName lock() {
      return from.lock();
    }

    @Override
    public Transition<HandOver> applyTo(LockRecord record, StepContext context) {
      return record.handOver(context, from, to, intent);
    }

    @Override
    public HandOver withTokens(HandOver answer, StoreTokens tokens) {
      return new HandOver(answer.ended(), attempt(answer.got(), tokens));
    }

    @Override
    public Optional<Attempt> attemptIn(HandOver answer) {
      return Optional.of(answer.got());
    }
  }

  /** Renews a grant. */
  record RenewGrant(GrantRef grant) implements LockCommand<Renewal> {
    @Override
    public LockName lock() {
      return grant.lock();
    }

    @Override
    public Transition<Renewal> applyTo(LockRecord record, StepContext context) {
      return record.renew(context, grant);
    }
  }

  /** Ends a claim. */
  record ReleaseClaim(ReleaseCommand command) implements LockCommand<Release> {
    @Override
    public LockName lock() {
      return command.lock();
    }

    @Override
    public Transition<Release> applyTo(LockRecord record, StepContext context) {
      return record.release(context, command);
    }
  }

  /** Ends the current grant, by an administrator's order. */
  record ForceReleaseLock(ForceReleaseCommand command) implements LockCommand<Revocation> {
    @Override
    public LockName lock() {
      return command.lock();
    }

    @Override
    public Transition<Revocation> applyTo(LockRecord record, StepContext context) {
      return record.forceRelease(context, command);
    }

    @Override
    public Revocation withTokens(Revocation answer, StoreTokens tokens) {
      return answer instanceof Revocation.Revoked revoked
          ? new Revocation.Revoked(
              revoked.former(), revoked.closing().map(made -> new FencingToken(tokens.written())))
          : answer;
    }
  }

  /** Removes this replica from a lock's queue; the answer says whether anything changed. */
  record LeaveQueue(LockName lock) implements LockCommand<Boolean> {
    @Override
    public Transition<Boolean> applyTo(LockRecord record, StepContext context) {
      return record.leave(context);
    }
  }

  private static Attempt attempt(Attempt answer, StoreTokens tokens) {
    return answer.fold(
        granted ->
            granted.grant().origin() == Grant.Origin.NEW ? granted(granted, tokens) : granted,
        busy -> new Attempt.Busy(presentIn(busy.state(), tokens)),
        foreign -> foreign);
  }

  private static Attempt granted(Attempt.Granted granted, StoreTokens tokens) {
    Grant grant = granted.grant();
    GrantRef ref =
        new GrantRef(
            grant.ref().lock(),
            grant.ref().claim(),
            new FencingToken(tokens.written()),
            grant.ref().principal());
    return new Attempt.Granted(new Grant(ref, grant.lease(), grant.mode(), grant.origin()));
  }

  private static LockState presentIn(LockState state, StoreTokens tokens) {
    return new LockState(
        state.lock(), state.status(), state.lastToken(), state.replicaQueue(), tokens.present());
  }
}
