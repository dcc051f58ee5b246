package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.ExploredSchedules.check;
import static dev.fencepost.lock.spi.support.ExploredSchedules.explore;
import static dev.fencepost.lock.spi.support.ExploredSchedules.together;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Entries of the wheel that are added while it is swept, closed or answered. */
class CallDeadlinesSchedulesTest {
  private static final CallFailures FAILURES = new CallFailures("the test");
  private static final int SLOTS = 4;

  private final AtomicLong clock = new AtomicLong();

  @Test
  void addedWhileItsSlotIsSwept_failsAtTheNextSweep() {
    explore(
        () -> {
          clock.set(0);
          CallDeadlines deadlines = new CallDeadlines(clock::get, SLOTS);
          CompletableFuture<String> answer = new CompletableFuture<>();
          together(
              () -> deadlines.expire(answer, at(25), FAILURES::timeout),
              () -> sweepAt(50, deadlines));
          sweepAt(50, deadlines);
          check(answer.isCompletedExceptionally(), "the entry is not missed");
        });
  }

  @Test
  void addedWhileTheWheelIsClosed_failsAtOnce() {
    explore(
        () -> {
          clock.set(0);
          CallDeadlines deadlines = new CallDeadlines(clock::get, SLOTS);
          CompletableFuture<String> answer = new CompletableFuture<>();
          together(() -> deadlines.expire(answer, at(25), FAILURES::timeout), deadlines::close);
          check(answer.isCompletedExceptionally(), "no call outlives the wheel");
        });
  }

  @Test
  void answeredWhileSwept_leavesNoEntry() {
    explore(
        () -> {
          clock.set(0);
          CallDeadlines deadlines = new CallDeadlines(clock::get, SLOTS);
          CompletableFuture<String> answer = new CompletableFuture<>();
          together(
              () -> deadlines.expire(answer, at(25), FAILURES::timeout),
              () -> answer.complete("answer"),
              () -> sweepAt(50, deadlines));
          check(answer.isDone(), "answered or failed");
          check(deadlines.pendingCount() == 0, "one entry for each pending call");
        });
  }

  private void sweepAt(int millis, CallDeadlines deadlines) {
    clock.set(TimeUnit.MILLISECONDS.toNanos(millis));
    deadlines.sweep();
  }

  private static CallDeadline at(int millis) {
    return new CallDeadline(TimeUnit.MILLISECONDS.toNanos(millis));
  }
}
