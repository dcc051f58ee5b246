package dev.fencepost.backend.etcd;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Threads that take and give back a few locks, with leases that outlive the test, and repeat every
 * call that had no answer. Two who hold one lock at once, or a token that does not rise, are
 * faults.
 */
final class Contenders {
  private static final int THREADS = 16;
  private static final int LOCKS = 4;
  private static final long PAUSE_NANOS = 2_000_000;

  private final List<TestReplica> replicas;
  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicInteger grants = new AtomicInteger();
  private final AtomicIntegerArray holders = new AtomicIntegerArray(LOCKS);
  private final AtomicLongArray tokens = new AtomicLongArray(LOCKS);
  private volatile boolean over;

  Contenders(List<TestReplica> replicas) {
    this.replicas = replicas;
  }

  void start() {
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      Thread thread = new Thread(() -> contend(number), "contender-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** Waits for so many more grants, a minute at most. */
  void awaitGrants(int more) {
    int wanted = grants.get() + more;
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (grants.get() < wanted) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no grants any more: " + grants + ", " + faults);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  void finish() throws InterruptedException {
    over = true;
    for (Thread thread : threads) {
      thread.join(60_000);
      if (thread.isAlive()) {
        faults.add(thread.getName() + " waits for ever");
      }
    }
  }

  Queue<String> faults() {
    return faults;
  }

  private void contend(int number) {
    TestReplica replica = replicas.get(number % replicas.size());
    for (int turn = 0; !over; turn++) {
      int lock = (number + turn) % LOCKS;
      Claim claim = TestReplica.claim("contended/" + lock);
      Attempt attempt = repeated(() -> replica.backend.tryAcquire(claim, Line.NONE));
      if (attempt instanceof Attempt.Granted granted) {
        hold(lock, granted.grant());
        Release ended =
            repeated(() -> replica.backend.release(ReleaseOrder.of(granted.grant().ref())));
        if (ended instanceof Release.Withdrawn) {
          faults.add("a release with a token was withdrawn");
        }
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void hold(int lock, Grant grant) {
    grants.incrementAndGet();
    if (holders.incrementAndGet(lock) != 1) {
      faults.add("two hold lock " + lock + ", one by token " + grant.token());
    }
    long before = tokens.getAndSet(lock, grant.token().value());
    if (before >= grant.token().value()) {
      faults.add("lock " + lock + ": token " + grant.token() + " after " + before);
    }
    holders.decrementAndGet(lock);
  }

  /** Asks until there is an answer, as a client does with one claim id. */
  private static <T> T repeated(Supplier<CompletionStage<T>> call) {
    while (true) {
      try {
        return TestReplica.answer(call.get());
      } catch (StoreException e) {
        LockSupport.parkNanos(PAUSE_NANOS * 10);
      }
    }
  }
}
