package dev.fencepost.backend.zookeeper.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadlines;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Writes whose outcome is unknown although the connection stays: nobody else ends their states. */
final class LockStateTimersTest {
  private static final LockName LOCK = new LockName("in-doubt");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final CallDeadlines timers = new CallDeadlines("timers-test", error -> {});

  @AfterEach
  void stop() {
    timers.close();
  }

  @Test
  void writeInDoubt_isReadSoonAndItsStateEnded() {
    FakeLock lock = new FakeLock(0);
    new LockStateTimers(timers, lock).recordDoubt(LOCK);
    await().atMost(PATIENCE).until(() -> lock.expired.get() == 1);
  }

  @Test
  void readThatFails_isTriedAgain() {
    FakeLock lock = new FakeLock(2);
    new LockStateTimers(timers, lock).recordDoubt(LOCK);
    await().atMost(PATIENCE).until(() -> lock.expired.get() == 1);
    assertThat(lock.reads.get()).isGreaterThan(3);
  }

  /** A lock that was closed by a write without an answer. Its first reads fail. */
  private static final class FakeLock implements LockStateTimers.StateActions {
    private final AtomicInteger failuresLeft;
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger expired = new AtomicInteger();

    FakeLock(int failures) {
      failuresLeft = new AtomicInteger(failures);
    }

    @Override
    public CompletableFuture<LockSnapshot> read(LockName lock) {
      reads.incrementAndGet();
      if (failuresLeft.getAndDecrement() > 0) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_TIMEOUT, "no answer"));
      }
      LockNode node =
          new LockNode(
              StateKind.CLOSED,
              "s-1",
              ReplicaId.of(1),
              RecordedToken.of(7),
              Optional.empty(),
              Duration.ofMillis(100),
              Optional.empty(),
              "");
      LockSnapshot.StoredNode stored = new LockSnapshot.StoredNode(node, new Stat());
      return CompletableFuture.completedFuture(
          new LockSnapshot(lock, Optional.of(stored), true, List.of(), List.of(), false));
    }

    @Override
    public CompletableFuture<Boolean> expire(LockSnapshot snapshot) {
      expired.incrementAndGet();
      return CompletableFuture.completedFuture(true);
    }

    @Override
    public boolean isTrackedByAnother(LockNode node) {
      return false;
    }
  }
}
