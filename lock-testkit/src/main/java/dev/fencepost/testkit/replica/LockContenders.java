package dev.fencepost.testkit.replica;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
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
import org.awaitility.Awaitility;

/**
 * Threads that acquire and release a few locks, with leases that outlive the test, and repeat every
 * call without an answer. Two holders of one lock at once, or a token that does not rise, are
 * faults.
 */
public final class LockContenders {
  private static final int THREADS = 16;
  private static final int LOCKS = 4;
  private static final long PAUSE_NANOS = 2_000_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String prefix;
  private final List<LockBackend> backends;
  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final AtomicInteger grants = new AtomicInteger();
  private final AtomicIntegerArray holders = new AtomicIntegerArray(LOCKS);
  private final AtomicLongArray tokens = new AtomicLongArray(LOCKS);
  private volatile boolean over;

  /** Contenders for locks with the prefix, spread over the replicas. */
  public LockContenders(String prefix, List<? extends OpenReplica<?>> replicas) {
    this.prefix = prefix;
    this.backends = replicas.stream().<LockBackend>map(OpenReplica::backend).toList();
  }

  /** Starts the threads; they end with the JVM at the latest. */
  public void start() {
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      Thread thread = new Thread(() -> contend(number), "contender-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** Returns the number of grants. */
  public int grants() {
    return grants.get();
  }

  /** Waits for that many more grants, or a fault; one minute at most. */
  public void awaitGrants(int more) {
    int wanted = grants.get() + more;
    Awaitility.await("grants after " + grants + ", faults " + faults)
        .atMost(PATIENCE)
        .until(() -> grants.get() >= wanted || !faults.isEmpty());
  }

  /** Stops the threads after their last answers; one minute at most for each. */
  public void finish() {
    over = true;
    for (Thread thread : threads) {
      Awaitility.await(thread.getName()).atMost(PATIENCE).until(() -> !thread.isAlive());
    }
  }

  /** Returns the faults; empty if there are none. */
  public Queue<String> faults() {
    return faults;
  }

  private void contend(int number) {
    LockBackend backend = backends.get(number % backends.size());
    for (int turn = 0; !over; turn++) {
      int lock = (number + turn) % LOCKS;
      Claim claim = OpenReplica.claim(prefix + lock);
      Attempt attempt = repeated(() -> backend.tryAcquire(claim, QueueIntent.NONE));
      if (attempt instanceof Attempt.Granted granted) {
        hold(lock, granted.grant());
        ReleaseCommand order = ReleaseCommand.of(granted.grant().ref());
        if (repeated(() -> backend.release(order)) instanceof Release.Withdrawn) {
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

  /**
   * Retries until there is an answer, as a client does with one claim id; bounded by {@link
   * #finish}.
   */
  private static <T> T repeated(Supplier<CompletionStage<T>> call) {
    while (true) {
      try {
        return OpenReplica.answer(call.get());
      } catch (StoreException e) {
        LockSupport.parkNanos(PAUSE_NANOS * 10);
      }
    }
  }
}
