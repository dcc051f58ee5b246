package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a replica looks for turns. */
final class PlacesTest {
  private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);

  private final AtomicLong nowNanos = new AtomicLong(HOUR_NANOS);
  private final Places places = new Places(nowNanos::get);

  @AfterEach
  void close() {
    places.close();
  }

  @Test
  void whoStandsInNoLine_waitsUntilItIsSeenThere() {
    Waiter waiter = new Waiter(0, 0);
    waiter.awaitParked();
    places.seen();
    assertThat(waiter.joins.join()).isZero();
  }

  @Test
  void whoWasNotSeenInALineLately_standsInNone() {
    places.seen();
    assertThat(new Waiter(0, 0).joins.join()).isZero();
    nowNanos.addAndGet(TimeUnit.SECONDS.toNanos(4));
    Waiter waiter = new Waiter(0, 0);
    waiter.awaitParked();
    places.close();
    assertThat(waiter.joins.join()).isNegative();
  }

  @Test
  void pause_isCutShortByANewPlace() {
    places.seen();
    Waiter waiter = new Waiter(0, HOUR_NANOS);
    waiter.awaitParked();
    places.seen();
    waiter.awaitParked();
    places.joined();
    assertThat(waiter.joins.join()).isEqualTo(1);
    assertThat(new Waiter(0, HOUR_NANOS).joins.join()).isEqualTo(1);
  }

  @Test
  void closing_endsEveryWait() {
    Waiter waiter = new Waiter(0, HOUR_NANOS);
    waiter.awaitParked();
    places.close();
    assertThat(waiter.joins.join()).isNegative();
  }

  private final class Waiter {
    private final CompletableFuture<Long> joins = new CompletableFuture<>();
    private final Thread thread;

    Waiter(long before, long nanos) {
      thread =
          new Thread(
              () -> {
                try {
                  joins.complete(places.await(before, nanos));
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
