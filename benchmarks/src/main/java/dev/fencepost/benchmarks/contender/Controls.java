package dev.fencepost.benchmarks.contender;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** Locks in this process's memory, each broken in one way that a check must find. */
final class Controls implements Contender {

  /** What is wrong with it. */
  enum Fault {
    /** Everybody is let in: an empty call. */
    NO_EXCLUSION,
    /** Everybody who waits is let in alone, but whoever tries is let in too. */
    TRIES_SUCCEED,
    /** The token stands still. */
    TOKEN_STANDS,
    /** Nothing. */
    NONE
  }

  private final Fault fault;
  private final ConcurrentHashMap<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();

  Controls(Fault fault) {
    this.fault = fault;
  }

  @Override
  public Held acquire(String lock) {
    if (fault == Fault.NO_EXCLUSION) {
      return held(new ReentrantLock());
    }
    ReentrantLock taken = of(lock);
    taken.lock();
    return held(taken);
  }

  @Override
  public Optional<Held> tryAcquire(String lock) {
    if (fault == Fault.NO_EXCLUSION || fault == Fault.TRIES_SUCCEED) {
      return Optional.of(held(new ReentrantLock()));
    }
    ReentrantLock taken = of(lock);
    return taken.tryLock() ? Optional.of(held(taken)) : Optional.empty();
  }

  @Override
  public void close() {
    locks.clear();
  }

  private ReentrantLock of(String lock) {
    return locks.computeIfAbsent(lock, name -> new ReentrantLock(true));
  }

  private Held held(ReentrantLock taken) {
    if (!taken.isHeldByCurrentThread()) {
      taken.lock();
    }
    long token = fault == Fault.TOKEN_STANDS ? 1 : tokens.incrementAndGet();
    return new Held() {
      @Override
      public long token() {
        return token;
      }

      @Override
      public void release() {
        taken.unlock();
      }
    };
  }
}
