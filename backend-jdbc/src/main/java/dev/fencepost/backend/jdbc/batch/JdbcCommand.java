package dev.fencepost.backend.jdbc.batch;

import dev.fencepost.backend.jdbc.connection.ConnectionWork;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.record.Transition;

/**
 * A command to the database.
 *
 * @param <T> its answer
 */
public sealed interface JdbcCommand<T> {

  /** Commands of one kind may share a statement. */
  enum Kind {
    /** Puts a claim on record. */
    ACQUIRE,
    /** Changes an existing record; does nothing if there is none. */
    CHANGE,
    /** Any other command; each has statements of its own. */
    QUERY
  }

  Kind kind();

  /** Two commands with the same key are never in one batch. */
  Object key();

  /**
   * A step of one lock's record.
   *
   * @param <T> its answer
   */
  sealed interface OnLock<T> extends JdbcCommand<T> {
    LockName lock();

    /** Applies the rules that every store follows. */
    Transition<T> applyTo(LockRecord record, StepContext context);

    @Override
    default Object key() {
      return lock();
    }
  }

  /** Tries to get a lock for a claim. */
  record AcquireClaim(Claim claim, QueueIntent intent) implements OnLock<Attempt> {
    @Override
    public Kind kind() {
      return Kind.ACQUIRE;
    }

    @Override
    public LockName lock() {
      return claim.lock();
    }

    @Override
    public Transition<Attempt> applyTo(LockRecord record, StepContext context) {
      return record.acquire(context, claim, intent);
    }
  }

  /** Ends a grant and tries to get the lock for the next claim. */
  record HandOverGrant(GrantRef from, Claim to, QueueIntent intent) implements OnLock<HandOver> {
    @Override
    public Kind kind() {
      return Kind.ACQUIRE;
    }

    @Override
    public LockName lock() {
      return to.lock();
    }

    @Override
    public Transition<HandOver> applyTo(LockRecord record, StepContext context) {
      return record.handOver(context, from, to, intent);
    }
  }

  /** Renews a grant. */
  record RenewGrant(GrantRef grant) implements OnLock<Renewal> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

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
  record ReleaseClaim(ReleaseCommand command) implements OnLock<Release> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

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
  record ForceReleaseLock(ForceReleaseCommand command) implements OnLock<Revocation> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public LockName lock() {
      return command.lock();
    }

    @Override
    public Transition<Revocation> applyTo(LockRecord record, StepContext context) {
      return record.forceRelease(context, command);
    }
  }

  /** Removes this replica from a lock's queue; the answer says whether anything changed. */
  record LeaveQueue(LockName lock) implements OnLock<Boolean> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public Transition<Boolean> applyTo(LockRecord record, StepContext context) {
      return record.leave(context);
    }
  }

  /** Runs a function that is not a step of one lock. */
  record RunQuery<T>(ConnectionWork<T> function) implements JdbcCommand<T> {
    @Override
    public Kind kind() {
      return Kind.QUERY;
    }

    @Override
    public Object key() {
      return this;
    }
  }
}
