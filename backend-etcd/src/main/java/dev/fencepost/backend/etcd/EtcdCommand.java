package dev.fencepost.backend.etcd;

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
 * Something that is to be done to a lock: a step of the rules, and what its answer is once etcd has
 * given the token.
 */
sealed interface EtcdCommand<T> {

  LockName lock();

  Transition<T> step(LockRecord record, StepContext asker);

  /**
   * The answer with etcd's tokens.
   *
   * @param token the token of what was written, if it got one
   * @param presentToken the highest token there can be
   */
  T withTokens(T answer, long token, long presentToken);

  /** What the asker got, if it is about that. */
  default Optional<Attempt> got(T answer) {
    return Optional.empty();
  }

  /** Whether the time that the lock's lease has left must be known beforehand. */
  default boolean needsTime() {
    return false;
  }

  /** {@link LockRecord#acquire}. */
  record Acquire(Claim claim, QueueIntent line) implements EtcdCommand<Attempt> {
    @Override
    public LockName lock() {
      return claim.lock();
    }

    @Override
    public Transition<Attempt> step(LockRecord record, StepContext asker) {
      return record.acquire(asker, claim, line);
    }

    @Override
    public Attempt withTokens(Attempt answer, long token, long presentToken) {
      return EtcdCommand.attempt(answer, token, presentToken);
    }

    @Override
    public Optional<Attempt> got(Attempt answer) {
      return Optional.of(answer);
    }
  }

  /** {@link LockRecord#handOver}. */
  record PassOn(GrantRef from, Claim to, QueueIntent line) implements EtcdCommand<HandOver> {
    @Override
    public LockName lock() {
      return from.lock();
    }

    @Override
    public Transition<HandOver> step(LockRecord record, StepContext asker) {
      return record.handOver(asker, from, to, line);
    }

    @Override
    public HandOver withTokens(HandOver answer, long token, long presentToken) {
      return new HandOver(answer.ended(), EtcdCommand.attempt(answer.got(), token, presentToken));
    }

    @Override
    public Optional<Attempt> got(HandOver answer) {
      return Optional.of(answer.got());
    }
  }

  /** {@link LockRecord#release}. */
  record End(ReleaseCommand order) implements EtcdCommand<Release> {
    @Override
    public LockName lock() {
      return order.lock();
    }

    @Override
    public Transition<Release> step(LockRecord record, StepContext asker) {
      return record.release(asker, order);
    }

    @Override
    public Release withTokens(Release answer, long token, long presentToken) {
      return answer;
    }
  }

  /** {@link LockRecord#forceRelease}. */
  record Revoke(ForceReleaseCommand order) implements EtcdCommand<Revocation> {
    @Override
    public LockName lock() {
      return order.lock();
    }

    @Override
    public Transition<Revocation> step(LockRecord record, StepContext asker) {
      return record.forceRelease(asker, order);
    }

    @Override
    public Revocation withTokens(Revocation answer, long token, long presentToken) {
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
    public Transition<Boolean> step(LockRecord record, StepContext asker) {
      return record.leave(asker);
    }

    @Override
    public Boolean withTokens(Boolean answer, long token, long presentToken) {
      return answer;
    }
  }

  private static Attempt attempt(Attempt answer, long token, long presentToken) {
    if (answer instanceof Attempt.Busy busy) {
      LockState state = busy.state();
      return new Attempt.Busy(
          new LockState(
              state.lock(), state.status(), state.lastToken(), state.replicaQueue(), presentToken));
    }
    Grant grant = ((Attempt.Granted) answer).grant();
    if (grant.origin() == Grant.Origin.EXISTING) {
      return answer;
    }
    GrantRef ref = new GrantRef(grant.ref().lock(), grant.ref().claim(), new FencingToken(token));
    return new Attempt.Granted(new Grant(ref, grant.lease(), grant.mode(), grant.origin()));
  }
}
