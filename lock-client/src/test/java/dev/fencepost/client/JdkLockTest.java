package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.testkit.process.FreePort;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The contract of {@link Lock}, sentence by sentence. */
@SuppressWarnings("LockNotBeforeTry") // What each call does is the question.
class JdkLockTest {
  private static TestCluster cluster;
  private static FencepostClient client;
  private static FencepostClient other;
  private static ExecutorService threads;

  private String name;

  @BeforeAll
  static void start() {
    cluster = TestCluster.of(1);
    client = FencepostClient.connect(cluster.target());
    other = FencepostClient.connect(cluster.target());
    threads = Executors.newCachedThreadPool();
  }

  @AfterAll
  static void stop() {
    client.close();
    other.close();
    cluster.close();
    threads.shutdownNow();
  }

  @BeforeEach
  void ownName(TestInfo test) {
    name = test.getDisplayName();
  }

  @Test
  void timedTryWithoutAServer_isFalseWhenItsTimeIsOver() throws Exception {
    try (FencepostClient alone =
        FencepostClient.builder("127.0.0.1:" + FreePort.next())
            .callTimeout(Duration.ofMinutes(2))
            .build()) {
      Lock lock = alone.lock(name).asLock();

      assertThat(threads.submit(() -> lock.tryLock(100, TimeUnit.MILLISECONDS)))
          .succeedsWithin(30, TimeUnit.SECONDS)
          .isEqualTo(false);
    }
  }

  @Test
  void timedTryThatIsInterrupted_leavesNothingInLine() throws Exception {
    LockHandle held = other.lock(name).acquire();
    Lock lock = client.lock(name).asLock();
    var waiting =
        threads.submit(
            () -> {
              assertThatThrownBy(() -> lock.tryLock(1, TimeUnit.HOURS))
                  .isInstanceOf(InterruptedException.class);
              return Thread.currentThread().isInterrupted();
            });
    await().until(() -> cluster.waiters(name) == 1);

    threads.shutdownNow();
    threads = Executors.newCachedThreadPool();

    assertThat(waiting).succeedsWithin(20, TimeUnit.SECONDS).isEqualTo(false);
    await().until(() -> cluster.waiters(name) == 0);
    held.close();
  }

  @Test
  void tryAfterALoss_isFalseUntilTheLostHoldIsUnlocked() throws Exception {
    Lock lock = client.lock(name).asLock();
    lock.lock();
    cluster.forceRelease(name, "now");
    await().until(() -> other.inspect(name).get().holder().isEmpty());
    await().until(() -> !lock.tryLock());

    assertThat(lock.tryLock()).isFalse();
    assertThat(lock.tryLock(1, TimeUnit.MILLISECONDS)).isFalse();

    assertThat(catchThrowableOfType(LockLostException.class, lock::unlock)).isNotNull();
    assertThat(catchThrowableOfType(IllegalMonitorStateException.class, lock::unlock)).isNotNull();
  }

  @Test
  void unlock_hasFreedTheLockWhenItReturns() {
    Lock lock = client.lock(name).asLock();
    Lock others = other.lock(name).asLock();
    for (int round = 0; round < 100; round++) {
      lock.lock();
      lock.unlock();
      assertThat(others.tryLock()).as("round %d", round).isTrue();
      others.unlock();
    }
  }

  @Test
  void twoViewsOfALock_areOneLockForAThread() throws Exception {
    Lock first = client.lock(name).asLock();
    Lock second = client.lock(name).withTtl(Duration.ofSeconds(20)).asLock();
    first.lock();

    assertThat(second.tryLock()).isTrue();
    assertThat(threads.submit(() -> second.tryLock()).get()).isFalse();
    first.unlock();
    assertThat(other.lock(name).tryAcquire()).isEmpty();
    second.unlock();

    assertThat(other.lock(name).tryAcquire()).hasValueSatisfying(LockHandle::close);
  }

  @Test
  void currentThreadsHold_isKnownWithItsToken() throws Exception {
    JdkLock lock = client.lock(name).asLock();
    assertThat(lock.isHeldByCurrentThread()).isFalse();
    assertThatThrownBy(lock::requireHeld).isInstanceOf(IllegalMonitorStateException.class);
    lock.lock();

    assertThat(lock.isHeldByCurrentThread()).isTrue();
    assertThat(threads.submit(lock::isHeldByCurrentThread).get()).isFalse();
    assertThat(lock.requireHeld())
        .isEqualTo(other.inspect(name).get().holder().orElseThrow().token());

    cluster.forceRelease(name, "now");
    await().until(() -> !lock.isHeldByCurrentThread());
    assertThatThrownBy(lock::requireHeld).isInstanceOf(LockLostException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(LockLostException.class);
  }
}
