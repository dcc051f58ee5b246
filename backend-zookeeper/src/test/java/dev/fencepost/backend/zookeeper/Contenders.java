package dev.fencepost.backend.zookeeper;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Threads that take and give back a few locks, with leases that outlive the test, and repeat every
 * call that had no answer. Two who hold one lock at once, or a token that does not rise, are
 * faults.
 */
final class Contenders {
  private static final int THREADS = 8;
  private static final int LOCKS = 4;
  private static final long PAUSE_NANOS = 2_000_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String prefix;
  private final List<TestReplica> replicas;
  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicInteger grants = new AtomicInteger();
  private final List<AtomicInteger> holders = new ArrayList<>();
  private final AtomicLongArray tokens = new AtomicLongArray(LOCKS);
  private volatile boolean over;

  Contenders(String prefix, List<TestReplica> replicas) {
    this.prefix = prefix;
    this.replicas = replicas;
    for (int lock = 0; lock < LOCKS; lock++) {
      holders.add(new AtomicInteger());
    }
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

  int grants() {
    return grants.get();
  }

  /** Waits for so many more grants. */
  void awaitGrants(int more) {
    int wanted = grants.get() + more;
    await("grants after " + grants + ", faults " + faults)
        .atMost(PATIENCE)
        .until(() -> grants.get() >= wanted || !faults.isEmpty());
  }

  void finish() {
    over = true;
    for (Thread thread : threads) {
      await(thread.getName()).atMost(PATIENCE).until(() -> !thread.isAlive());
    }
  }

  Queue<String> faults() {
    return faults;
  }

  private void contend(int number) {
    TestReplica replica = replicas.get(number % replicas.size());
    for (int turn = 0; !over; turn++) {
      int lock = (number + turn) % LOCKS;
      Claim claim = TestReplica.claim(prefix + lock);
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
    if (holders.get(lock).incrementAndGet() != 1) {
      faults.add("two hold lock " + lock + ", one by token " + grant.token());
    }
    long before = tokens.getAndSet(lock, grant.token().value());
    if (before >= grant.token().value()) {
      faults.add("lock " + lock + ": token " + grant.token() + " after " + before);
    }
    holders.get(lock).decrementAndGet();
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
