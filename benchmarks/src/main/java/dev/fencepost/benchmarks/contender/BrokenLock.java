package dev.fencepost.benchmarks.contender;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** A lock in this process's memory with one fault that a check must find. */
final class BrokenLock implements Contender {

  /** The fault. */
  enum Fault {
    /** Every caller gets the lock. */
    NO_EXCLUSION,
    /** Waiters get the lock one by one, but every try succeeds too. */
    TRIES_SUCCEED,
    /** The token never grows. */
    TOKEN_STANDS,
    /** No fault. */
    NONE
  }

  private final Fault fault;
  private final ConcurrentHashMap<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();

  BrokenLock(Fault fault) {
    this.fault = fault;
  }

  @Override
  public TakenLock acquire(String lock) {
    if (fault == Fault.NO_EXCLUSION) {
      return new Taken(new ReentrantLock());
    }
    ReentrantLock wanted = find(lock);
    wanted.lock();
    return new Taken(wanted);
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) {
    if (fault == Fault.NO_EXCLUSION || fault == Fault.TRIES_SUCCEED) {
      return Optional.of(new Taken(new ReentrantLock()));
    }
    ReentrantLock wanted = find(lock);
    return wanted.tryLock() ? Optional.of(new Taken(wanted)) : Optional.empty();
  }

  @Override
  public void close() {
    locks.clear();
  }

  private ReentrantLock find(String lock) {
    return locks.computeIfAbsent(lock, name -> new ReentrantLock(true));
  }

  private final class Taken implements TakenLock {
    private final ReentrantLock lock;
    private final long token = fault == Fault.TOKEN_STANDS ? 1 : tokens.incrementAndGet();

    Taken(ReentrantLock lock) {
      this.lock = lock;
      if (!lock.isHeldByCurrentThread()) {
        lock.lock();
      }
    }

    @Override
    public long token() {
      return token;
    }

    @Override
    public void release() {
      lock.unlock();
    }
  }
}
