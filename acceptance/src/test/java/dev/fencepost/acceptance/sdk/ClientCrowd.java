package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that hold locks for as long as the crowd is there, while others try to take the same
 * ones, and clients that take a few locks in turn; each failure and each breach of exclusion is
 * kept.
 */
final class ClientCrowd implements AutoCloseable {
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Every so many turns of a worker is a long one. */
  private static final int LONG_TURNS = 8;

  private static final long LONG_TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final List<FencepostClient> clients = new ArrayList<>();
  private final Map<LockHandle, FencingToken> held = new ConcurrentHashMap<>();
  private final Queue<String> faults = ExclusionChecker.faults();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final List<ExclusionChecker> resources = new ArrayList<>();
  private final List<Future<?>> workers = new ArrayList<>();
  private final AtomicLong longestWaitNanos = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final LongAdder refusals = new LongAdder();
  private volatile boolean over;

  /** So many clients, which take the targets in turn. */
  ClientCrowd(int count, String... targets) {
    for (int i = 0; i < count; i++) {
      String target = targets[i % targets.length];
      clients.add(FencepostClient.builder(target).owner("crowd-" + i).build());
    }
  }

  /** So many locks are taken and kept. */
  void hold(int locks) throws InterruptedException {
    for (int i = 0; i < locks; i++) {
      LockHandle handle = client(i).lock("held-" + i).withTtl(LEASE).acquire(WAIT);
      held.put(handle, handle.token());
      String name = handle.name();
      handle.onLost(loss -> faults.add(name + " was lost: " + loss));
    }
  }

  /** So many rivals try all the time to take what is held; none of them may succeed. */
  void rival(int count) {
    List<String> names = held.keySet().stream().map(LockHandle::name).sorted().toList();
    for (int i = 0; i < count; i++) {
      int number = i + 1;
      workers.add(threads.submit(() -> repeat(turn -> tryHeld(number, names, turn))));
    }
  }

  /** So many workers take so many locks in turn. */
  void work(int count, int locks) {
    for (int i = 0; i < locks; i++) {
      resources.add(new ExclusionChecker(faults));
    }
    for (int i = 0; i < count; i++) {
      int number = i;
      workers.add(threads.submit(() -> repeat(turn -> workOnce(number, turn))));
    }
  }

  /** Waits until so many more grants were made. */
  void awaitGrants(long more) {
    long before = grants();
    await().atMost(PATIENCE).until(() -> grants() >= before + more || !failures.isEmpty());
  }

  /** Waits until rivals were refused so many times more, or were not. */
  void awaitRefusals(long more) {
    long before = refusals.sum();
    await()
        .atMost(PATIENCE)
        .until(() -> refusals.sum() >= before + more || !failures.isEmpty() || !faults.isEmpty());
  }

  long grants() {
    return resources.stream().mapToLong(ExclusionChecker::entries).sum();
  }

  /** How long the slowest of the workers waited for a lock. */
  Duration longestWait() {
    return Duration.ofNanos(longestWaitNanos.get());
  }

  /** Ends the work; nobody failed, nobody met another, and what was held is held. */
  void judge() throws Exception {
    over = true;
    for (Future<?> worker : workers) {
      worker.get();
    }
    assertThat(failures).isEmpty();
    held.forEach(
        (handle, token) -> {
          assertThat(handle.isHeld()).as(handle.name()).isTrue();
          assertThat(handle.requireHeld()).as(handle.name()).isEqualTo(token);
        });
    for (LockHandle handle : held.keySet()) {
      assertThat(handle.release()).isEqualTo(new Release.Released());
    }
    resources.forEach(ExclusionChecker::judgeBeliefs);
    assertThat(resources).allSatisfy(each -> assertThat(each.beliefs()).isPositive());
    assertThat(faults).isEmpty();
  }

  @Override
  public void close() {
    over = true;
    threads.shutdownNow();
    clients.forEach(FencepostClient::close);
  }

  private FencepostClient client(int number) {
    return clients.get(number % clients.size());
  }

  private void repeat(Turn work) {
    try {
      for (int turn = 0; !over; turn++) {
        work.take(turn);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failures.add(e);
    }
  }

  private interface Turn {
    void take(int turn) throws InterruptedException;
  }

  private void tryHeld(int number, List<String> names, int turn) throws InterruptedException {
    String name = names.get(turn % names.size());
    // Each lock with each client in turn.
    FencepostClient rival = client(number + turn / names.size());
    Optional<LockHandle> granted = rival.lock(name).withTtl(LEASE).tryAcquire();
    granted.ifPresent(
        handle -> {
          faults.add(name + " was granted to another: " + handle.token());
          handle.close();
        });
    if (granted.isEmpty()) {
      refusals.increment();
    }
  }

  private void workOnce(int number, int turn) throws InterruptedException {
    int lock = number % resources.size();
    ExclusionChecker resource = resources.get(lock);
    long begun = System.nanoTime();
    try (LockHandle handle = client(number).lock("work-" + lock).withTtl(LEASE).acquire(WAIT)) {
      long granted = System.nanoTime();
      longestWaitNanos.accumulateAndGet(granted - begun, Math::max);
      long token = handle.requireHeld().value();
      resource.enter(token);
      if (turn % LONG_TURNS == 0) {
        // As long as others need to come in, if they can.
        LockSupport.parkNanos(LONG_TURN_NANOS);
      }
      resource.leave(token);
      long last = System.nanoTime();
      if (handle.isHeld()) {
        resource.believed(token, granted, last);
      }
    }
  }
}
