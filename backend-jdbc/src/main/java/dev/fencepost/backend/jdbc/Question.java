package dev.fencepost.backend.jdbc;

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

/** What a caller asks of the store. */
sealed interface Question<T> {

  /** Which questions may travel in one statement. */
  enum Kind {
    /** Puts a claim on record. */
    TAKE,
    /** Changes what is on record, if anything is. */
    CHANGE,
    /** Anything else; travels alone. */
    OTHER
  }

  Kind kind();

  /** No two questions with one key travel together. */
  Object key();

  /** A step of one lock's record. */
  sealed interface OfLock<T> extends Question<T> {
    LockName lock();

    /** The step by the rules that every store follows. */
    Transition<T> on(LockRecord record, StepContext asker);

    @Override
    default Object key() {
      return lock();
    }
  }

  /** An attempt of one claim. */
  record Acquire(Claim claim, QueueIntent line) implements OfLock<Attempt> {
    @Override
    public Kind kind() {
      return Kind.TAKE;
    }

    @Override
    public LockName lock() {
      return claim.lock();
    }

    @Override
    public Transition<Attempt> on(LockRecord record, StepContext asker) {
      return record.acquire(asker, claim, line);
    }
  }

  /** The end of one grant and an attempt of the next claim. */
  record PassOn(GrantRef from, Claim to, QueueIntent line) implements OfLock<HandOver> {
    @Override
    public Kind kind() {
      return Kind.TAKE;
    }

    @Override
    public LockName lock() {
      return to.lock();
    }

    @Override
    public Transition<HandOver> on(LockRecord record, StepContext asker) {
      return record.handOver(asker, from, to, line);
    }
  }

  /** A renewal. */
  record Renew(GrantRef grant) implements OfLock<Renewal> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public LockName lock() {
      return grant.lock();
    }

    @Override
    public Transition<Renewal> on(LockRecord record, StepContext asker) {
      return record.renew(asker, grant);
    }
  }

  /** The end of a claim. */
  record End(ReleaseCommand order) implements OfLock<Release> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public LockName lock() {
      return order.lock();
    }

    @Override
    public Transition<Release> on(LockRecord record, StepContext asker) {
      return record.release(asker, order);
    }
  }

  /** The end of whatever grant stands. */
  record Revoke(ForceReleaseCommand order) implements OfLock<Revocation> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public LockName lock() {
      return order.lock();
    }

    @Override
    public Transition<Revocation> on(LockRecord record, StepContext asker) {
      return record.forceRelease(asker, order);
    }
  }

  /** This replica's departure from a line; answers whether anything changed. */
  record Leave(LockName lock) implements OfLock<Boolean> {
    @Override
    public Kind kind() {
      return Kind.CHANGE;
    }

    @Override
    public Transition<Boolean> on(LockRecord record, StepContext asker) {
      return record.leave(asker);
    }
  }

  /** Anything but a step of a lock. */
  record Other<T>(SqlFunction<T> function) implements Question<T> {
    @Override
    public Kind kind() {
      return Kind.OTHER;
    }

    @Override
    public Object key() {
      return this;
    }
  }
}
