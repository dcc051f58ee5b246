package dev.fencepost.backend.jdbc.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a replica polls for turns. */
final class QueueMembershipTest {
  private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);

  private final AtomicLong nowNanos = new AtomicLong(HOUR_NANOS);
  private final QueueMembership membership = new QueueMembership(nowNanos::get);

  @AfterEach
  void close() {
    membership.close();
  }

  @Test
  void replicaInNoQueue_waitsUntilItIsSeenInOne() {
    PollerThread waiter = new PollerThread(0, 0);
    waiter.awaitParked();
    membership.recordSeen();
    assertThat(waiter.joins.join()).isZero();
  }

  @Test
  void replicaNotSeenInAQueueLately_isInNone() {
    membership.recordSeen();
    assertThat(new PollerThread(0, 0).joins.join()).isZero();
    nowNanos.addAndGet(TimeUnit.SECONDS.toNanos(4));
    PollerThread waiter = new PollerThread(0, 0);
    waiter.awaitParked();
    membership.close();
    assertThat(waiter.joins.join()).isNegative();
  }

  @Test
  void pause_isCutShortByAJoin() {
    membership.recordSeen();
    PollerThread waiter = new PollerThread(0, HOUR_NANOS);
    waiter.awaitParked();
    membership.recordSeen();
    waiter.awaitParked();
    membership.recordJoin();
    assertThat(waiter.joins.join()).isEqualTo(1);
    assertThat(new PollerThread(0, HOUR_NANOS).joins.join()).isEqualTo(1);
  }

  @Test
  void closing_endsEveryWait() {
    PollerThread waiter = new PollerThread(0, HOUR_NANOS);
    waiter.awaitParked();
    membership.close();
    assertThat(waiter.joins.join()).isNegative();
  }

  private final class PollerThread {
    private final CompletableFuture<Long> joins = new CompletableFuture<>();
    private final Thread thread;

    PollerThread(long joinsBefore, long pauseNanos) {
      thread =
          new Thread(
              () -> {
                try {
                  joins.complete(membership.await(joinsBefore, pauseNanos));
                } catch (InterruptedException e) {
                  joins.completeExceptionally(e);
                }
              },
              "waiter");
      thread.setDaemon(true);
      thread.start();
    }

    void awaitParked() {
      await()
          .until(
              () ->
                  thread.getState() == Thread.State.WAITING
                      || thread.getState() == Thread.State.TIMED_WAITING);
      assertThat(joins).isNotDone();
    }
  }
}
