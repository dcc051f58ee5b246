package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.LockHandle;
import dev.fencepost.lock.FencingToken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that hold locks for as long as the crowd is there, and others that take a few locks in
 * turn; each failure and each breach of exclusion is kept.
 */
final class Crowd implements AutoCloseable {
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final List<FencepostClient> clients = new ArrayList<>();
  private final Map<LockHandle, FencingToken> held = new ConcurrentHashMap<>();
  private final Queue<String> faults = Exclusion.faults();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final List<Exclusion> resources = new ArrayList<>();
  private final List<Future<?>> workers = new ArrayList<>();
  private final AtomicLong longestWaitNanos = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private volatile boolean over;

  /** So many clients of the replicas. */
  Crowd(String target, int count) {
    for (int i = 0; i < count; i++) {
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

  /** So many workers take so many locks in turn. */
  void work(int count, int locks) {
    for (int i = 0; i < locks; i++) {
      resources.add(new Exclusion(faults));
    }
    for (int i = 0; i < count; i++) {
      int number = i;
      workers.add(threads.submit(() -> work(number)));
    }
  }

  /** Waits until so many more grants were made. */
  void awaitGrants(long more) {
    long before = grants();
    await().atMost(PATIENCE).until(() -> grants() >= before + more || !failures.isEmpty());
  }

  long grants() {
    return resources.stream().mapToLong(Exclusion::entries).sum();
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
      assertThat(handle.release()).isEqualTo(new dev.fencepost.lock.Release.Released());
    }
    resources.forEach(Exclusion::judgeBeliefs);
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

  private void work(int number) {
    try {
      while (!over) {
        workOnce(number);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failures.add(e);
    }
  }

  private void workOnce(int number) throws InterruptedException {
    int lock = number % resources.size();
    Exclusion resource = resources.get(lock);
    long begun = System.nanoTime();
    try (LockHandle handle = client(number).lock("work-" + lock).withTtl(LEASE).acquire(WAIT)) {
      long granted = System.nanoTime();
      longestWaitNanos.accumulateAndGet(granted - begun, Math::max);
      long token = handle.requireHeld().value();
      resource.enter(token);
      Thread.onSpinWait();
      resource.leave(token);
      long last = System.nanoTime();
      if (handle.isHeld()) {
        resource.believed(token, granted, last);
      }
    }
  }
}
