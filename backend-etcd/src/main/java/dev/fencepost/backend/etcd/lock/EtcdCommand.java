package dev.fencepost.backend.etcd.lock;

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
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;
import java.util.Optional;

/**
 * A command on a lock: a transition by the rules of {@link LockRecord}, and its answer once etcd
 * has given the token.
 */
public sealed interface EtcdCommand<T> {

  LockName lock();

  Transition<T> apply(LockRecord record, StepContext context);

  /**
   * Returns the answer with etcd's tokens.
   *
   * @param token the token of the record that was written, if it got one
   * @param highestToken the highest token that can have been granted
   */
  T withTokens(T answer, long token, long highestToken);

  /** Returns the attempt in the answer, if the command includes one. */
  default Optional<Attempt> attemptIn(T answer) {
    return Optional.empty();
  }

  /** True if the transition depends on the time that the lock's lease has left. */
  default boolean needsTime() {
    return false;
  }

  /** {@link LockRecord#acquire}. */
  record Acquire(Claim claim, QueueIntent intent) implements EtcdCommand<Attempt> {
    @Override
    public LockName lock() {
      return claim.lock();
    }

    @Override
    public Transition<Attempt> apply(LockRecord record, StepContext context) {
      return record.acquire(context, claim, intent);
    }

    @Override
    public Attempt withTokens(Attempt answer, long token, long highestToken) {
      return EtcdCommand.attempt(answer, token, highestToken);
    }

    @Override
    public Optional<Attempt> attemptIn(Attempt answer) {
      return Optional.of(answer);
    }
  }

  /** {@link LockRecord#handOver}. */
  record PassOn(GrantRef from, Claim to, QueueIntent intent) implements EtcdCommand<HandOver> {
    @Override
    public LockName lock() {
      return from.lock();
    }

    @Override
    public Transition<HandOver> apply(LockRecord record, StepContext context) {
      return record.handOver(context, from, to, intent);
    }

    @Override
    public HandOver withTokens(HandOver answer, long token, long highestToken) {
      return new HandOver(answer.ended(), EtcdCommand.attempt(answer.got(), token, highestToken));
    }

    @Override
    public Optional<Attempt> attemptIn(HandOver answer) {
      return Optional.of(answer.got());
    }
  }

  /** {@link LockRecord#release}. */
  record EndGrant(ReleaseCommand command) implements EtcdCommand<Release> {
    @Override
    public LockName lock() {
      return command.lock();
    }

    @Override
    public Transition<Release> apply(LockRecord record, StepContext context) {
      return record.release(context, command);
    }

    @Override
    public Release withTokens(Release answer, long token, long highestToken) {
      return answer;
    }
  }

  /** {@link LockRecord#forceRelease}. */
  record Revoke(ForceReleaseCommand command) implements EtcdCommand<Revocation> {
    @Override
    public LockName lock() {
      return command.lock();
    }

    @Override
    public Transition<Revocation> apply(LockRecord record, StepContext context) {
      return record.forceRelease(context, command);
    }

    @Override
    public Revocation withTokens(Revocation answer, long token, long highestToken) {
      if (answer instanceof Revocation.Revoked revoked) {
        return new Revocation.Revoked(
            revoked.former(), revoked.closing().map(made -> new FencingToken(token)));
      }
      return answer;
    }

    @Override
    public boolean needsTime() {
      return true;
    }
  }

  /** {@link LockRecord#leave}. */
  record Leave(LockName lock) implements EtcdCommand<Boolean> {
    @Override
    public Transition<Boolean> apply(LockRecord record, StepContext context) {
      return record.leave(context);
    }

    @Override
    public Boolean withTokens(Boolean answer, long token, long highestToken) {
      return answer;
    }
  }

  private static Attempt attempt(Attempt answer, long token, long highestToken) {
    if (answer instanceof Attempt.Busy busy) {
      LockState state = busy.state();
      return new Attempt.Busy(
          new LockState(
              state.lock(), state.status(), state.lastToken(), state.replicaQueue(), highestToken));
    }
    Grant grant = ((Attempt.Granted) answer).grant();
    if (grant.origin() == Grant.Origin.EXISTING) {
      return answer;
    }
    GrantRef ref = new GrantRef(grant.ref().lock(), grant.ref().claim(), new FencingToken(token));
    return new Attempt.Granted(new Grant(ref, grant.lease(), grant.mode(), grant.origin()));
  }
}
