package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LossReason;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Features on top of the handle: hold, JDK lock, several locks, leaks, meters. */
class HandleFeaturesTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static final SimpleMeterRegistry METERS = new SimpleMeterRegistry();
  private static TestCluster cluster;
  private static FencepostClient client;
  private static ExecutorService threads;

  private String name;

  @BeforeAll
  static void start() {
    cluster = TestCluster.of(1);
    client =
        FencepostClient.builder(cluster.target()).metrics(MicrometerMetrics.of(METERS)).build();
    threads = Executors.newCachedThreadPool();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
    threads.shutdownNow();
  }

  @BeforeEach
  void ownName(TestInfo test) {
    name = test.getDisplayName();
  }

  @Test
  void hold_returnsWhatTheBodyReturns_andReleases() throws Exception {
    long token = client.lock(name).hold(LONG, lock -> lock.requireHeld().value());
    assertThat(token).isPositive();
    assertThat(client.lock(name).tryAcquire()).hasValueSatisfying(LockHandle::close);
  }

  @Test
  void hold_throwsWhatTheBodyThrows_andReleases() {
    assertThat(
            catchThrowableOfType(
                IOException.class,
                () ->
                    client
                        .lock(name)
                        .hold(
                            LONG,
                            lock -> {
                              throw new IOException("disk");
                            })))
        .hasMessage("disk");
    assertThat(client.lock(name).tryAcquire()).hasValueSatisfying(LockHandle::close);
  }

  @Test
  void hold_interruptsItsBodyWhenTheLockIsLost() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    Future<?> held =
        threads.submit(
            () ->
                client
                    .lock(name)
                    .hold(
                        LONG,
                        lock -> {
                          inside.countDown();
                          new CountDownLatch(1).await();
                          return null;
                        }));
    assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
    cluster.forceRelease(name, "now");
    ExecutionException thrown =
        catchThrowableOfType(ExecutionException.class, () -> held.get(20, TimeUnit.SECONDS));
    assertThat(thrown).hasCauseInstanceOf(LockLostException.class);
    assertThat(((LockLostException) thrown.getCause()).loss().reason())
        .isEqualTo(LossReason.REVOKED);
    assertThat(thrown.getCause().getSuppressed()[0]).isInstanceOf(InterruptedException.class);
  }

  @Test
  void hold_leavesNoInterruptBehind() throws Exception {
    for (int i = 0; i < 20; i++) {
      String lock = name + i;
      assertThat(
              catchThrowableOfType(
                  LockLostException.class,
                  () ->
                      client
                          .lock(lock)
                          .hold(
                              LONG,
                              handle -> {
                                cluster.forceRelease(lock, "race");
                                return handle.lost().handle((loss, failure) -> "done").join();
                              })))
          .isNotNull();
      assertThat(Thread.interrupted()).isFalse();
    }
  }

  @Test
  @SuppressWarnings("LockNotBeforeTry") // What each call does is the question.
  void jdkLock_isReentrantAndOwnedByItsThread() throws Exception {
    Lock lock = client.lock(name).asLock();
    lock.lock();
    lock.lock();
    assertThat(lock.tryLock()).isTrue();
    assertThat(threads.submit(() -> lock.tryLock()).get()).isFalse();
    lock.unlock();
    lock.unlock();
    assertThat(threads.submit(() -> lock.tryLock(1, TimeUnit.MILLISECONDS)).get()).isFalse();
    lock.unlock();
    assertThat(catchThrowableOfType(IllegalMonitorStateException.class, lock::unlock)).isNotNull();
    threads
        .submit(
            () -> {
              lock.lockInterruptibly();
              lock.unlock();
              return null;
            })
        .get(20, TimeUnit.SECONDS);
    assertThat(catchThrowableOfType(UnsupportedOperationException.class, lock::newCondition))
        .isNotNull();
  }

  @Test
  void jdkLock_excludesTheThreadsOfOneProcess() throws Exception {
    Lock lock = client.lock(name).asLock();
    int[] count = new int[1];
    List<Future<?>> all =
        java.util.stream.IntStream.range(0, 8)
            .<Future<?>>mapToObj(
                i ->
                    threads.submit(
                        () -> {
                          for (int j = 0; j < 25; j++) {
                            lock.lock();
                            try {
                              count[0]++;
                            } finally {
                              lock.unlock();
                            }
                          }
                        }))
            .toList();
    for (Future<?> each : all) {
      each.get(60, TimeUnit.SECONDS);
    }
    assertThat(count[0]).isEqualTo(200);
  }

  @Test
  @SuppressWarnings("LockNotBeforeTry") // What each call does is the question.
  void jdkLock_throwsAtUnlockIfItWasLost() throws Exception {
    Lock lock = client.lock(name).asLock();
    lock.lock();
    cluster.forceRelease(name, "now");
    await()
        .untilAsserted(
            () ->
                assertThat(METERS.get("fencepost.client.losses").counters())
                    .anyMatch(counter -> counter.count() > 0));
    assertThat(catchThrowableOfType(LockLostException.class, lock::unlock)).isNotNull();
    assertThat(catchThrowableOfType(IllegalMonitorStateException.class, lock::unlock)).isNotNull();
  }

  @Test
  void severalLocks_areTakenInTheOrderOfTheirBytes() throws Exception {
    List<FencepostLock> locks =
        List.of(
            client.lock(name + "/ä"),
            client.lock(name + "/b"),
            client.lock(name + "/\uD83D\uDD12"),
            client.lock(name + "/\uFF5E"));
    try (MultiHandle all = client.acquireAll(locks, LONG)) {
      assertThat(all.handles())
          .extracting(LockHandle::name)
          .containsExactly(name + "/b", name + "/ä", name + "/\uFF5E", name + "/\uD83D\uDD12");
      assertThat(all.isHeld()).isTrue();
    }
    try (MultiHandle again = client.acquireAll(locks, LONG)) {
      cluster.forceRelease(name + "/b", "now");
      assertThat(again.lost().get(20, TimeUnit.SECONDS).reason()).isEqualTo(LossReason.REVOKED);
      assertThat(again.isHeld()).isFalse();
    }
  }

  @Test
  void severalLocks_areAllOrNone() throws Exception {
    FencepostLock a = client.lock(name + "/a");
    FencepostLock b = client.lock(name + "/b");
    try (LockHandle taken = b.acquire(LONG)) {
      assertThat(
              catchThrowableOfType(
                  LockNotGrantedException.class,
                  () -> client.acquireAll(List.of(b, a), Duration.ofMillis(100))))
          .hasMessageContaining("/b");
      assertThat(taken.isHeld()).isTrue();
    }
    assertThat(a.tryAcquire()).hasValueSatisfying(LockHandle::close);
    assertThat(
            catchThrowableOfType(
                InvalidValueException.class, () -> client.acquireAll(List.of(a, a), LONG)))
        .hasMessageContaining("once");
  }

  @Test
  void severalLocks_inAnyOrder_neverDeadlock() throws Exception {
    FencepostLock a = client.lock(name + "/a");
    FencepostLock b = client.lock(name + "/b");
    List<Future<?>> all =
        List.of(
            threads.submit(() -> takeBoth(List.of(a, b))),
            threads.submit(() -> takeBoth(List.of(b, a))));
    for (Future<?> each : all) {
      each.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void forgottenHandle_isReportedAndNotRenewed() throws Exception {
    forget();
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              System.gc();
              assertThat(METERS.get("fencepost.client.leaks").counter().count()).isEqualTo(1);
            });
    client.lock(name).acquire(LONG).close();
  }

  @Test
  void futureOfALoss_keepsItsHandle() throws Exception {
    CompletableFuture<?> lost = client.lock(name).acquire(LONG).lost();
    System.gc();
    cluster.forceRelease(name, "now");
    lost.get(20, TimeUnit.SECONDS);
  }

  @Test
  void meters_countWhatHappens() throws Exception {
    client.lock(name).acquire(LONG).close();
    assertThat(METERS.get("fencepost.client.acquires").tag("outcome", "granted").timer().count())
        .isPositive();
    assertThat(METERS.get("fencepost.client.sessions").gauge().value()).isEqualTo(1);
    try (LockHandle held = client.lock(name).acquire(LONG)) {
      assertThat(held.isHeld()).isTrue();
      assertThat(METERS.get("fencepost.client.held").gauge().value()).isPositive();
    }
  }

  private void forget() throws InterruptedException {
    LockHandle handle = client.lock(name).withTtl(Duration.ofSeconds(2)).acquire(LONG);
    // An action with a reference to its handle does not keep it reachable.
    handle.onLost(loss -> System.err.println(handle));
  }

  private static Void takeBoth(List<FencepostLock> locks) throws InterruptedException {
    for (int i = 0; i < 50; i++) {
      client.acquireAll(locks, LONG).close();
    }
    return null;
  }
}
