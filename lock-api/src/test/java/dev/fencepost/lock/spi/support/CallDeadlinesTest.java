package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CallDeadlinesTest {
  private static final CallFailures FAILURES = new CallFailures("Redis");
  private static final int SLOTS = 8;
  private static final int RUNS = 2_000;

  private long clockMillis;
  private final CallDeadlines deadlines = new CallDeadlines(this::nanos, SLOTS);

  private long nanos() {
    return TimeUnit.MILLISECONDS.toNanos(clockMillis);
  }

  private CompletableFuture<String> entry(long deadlineMillis) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    deadlines.expire(
        answer, new CallDeadline(TimeUnit.MILLISECONDS.toNanos(deadlineMillis)), FAILURES::timeout);
    return answer;
  }

  private void sweepAt(long millis) {
    clockMillis = millis;
    deadlines.sweep();
  }

  @Test
  void deadlineWithinATick_failsAtTheFirstSweepAfterIt() {
    CompletableFuture<String> answer = entry(25);
    sweepAt(19);
    sweepAt(24);
    assertThat(answer).isNotDone();
    sweepAt(39);
    assertThat(answer).isCompletedExceptionally();
  }

  @Test
  void deadlinesAndSweepsAtRandom_eachFailsAtTheFirstSweepAfterIt() {
    Random random = new Random(18);
    List<Long> due = new ArrayList<>();
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int run = 0; run < RUNS; run++) {
      long deadline = clockMillis + random.nextInt(500) - 50;
      due.add(deadline);
      answers.add(entry(deadline));
      sweepAt(clockMillis + random.nextInt(run % 50 == 0 ? 700 : 30));
      for (int i = 0; i < due.size(); i++) {
        assertThat(answers.get(i).isDone())
            .as("due at %d, swept at %d", due.get(i), clockMillis)
            .isEqualTo(due.get(i) <= clockMillis);
      }
    }
    sweepAt(clockMillis + 1_000);
    assertThat(deadlines.pendingCount()).isZero();
  }

  @Test
  void answeredCall_leavesNoEntry() {
    CompletableFuture<String> answer = entry(25);
    assertThat(deadlines.pendingCount()).isEqualTo(1);
    answer.complete("answer");
    assertThat(deadlines.pendingCount()).isZero();
  }

  @Test
  void callWithinATime_hasItsOutcomeOrTheFailure() {
    CompletableFuture<String> call = new CompletableFuture<>();
    CompletableFuture<String> inTime = within(call);
    CompletableFuture<String> failed = within(call.thenApply(Integer::parseInt).thenApply(i -> ""));
    CompletableFuture<String> late = within(new CompletableFuture<>());
    call.complete("answer");
    sweepAt(100);
    assertThat(inTime).isCompletedWithValue("answer");
    assertThat(failed.handle((answer, error) -> (Object) error).join())
        .isInstanceOf(NumberFormatException.class);
    assertThat(late.handle((answer, error) -> error.getMessage()).join())
        .contains("no answer from Redis");
  }

  @Test
  void closedWheel_failsPendingAndLaterCalls() {
    CompletableFuture<String> pending = entry(1_000);
    deadlines.close();
    assertThat(pending).isCompletedExceptionally();
    assertThat(entry(1_000)).isCompletedExceptionally();
    assertThat(deadlines.pendingCount()).isZero();
  }

  @Test
  void thread_failsCallsAndRepeatsTasksThatThrow() throws InterruptedException {
    List<Throwable> thrown = new ArrayList<>();
    CountDownLatch repeated = new CountDownLatch(3);
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (CallDeadlines running =
        new CallDeadlines(
            "deadlines-test",
            error -> {
              thrown.add(error);
              repeated.countDown();
            })) {
      running.repeat(
          () -> {
            throw new IllegalStateException("again");
          },
          Duration.ofMillis(1));
      running.expire(answer, CallDeadline.in(Duration.ofMillis(1)), FAILURES::timeout);
      assertThat(answer).failsWithin(Duration.ofSeconds(20));
      assertThat(repeated.await(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(thrown.get(0)).hasMessage("again");
  }

  @Test
  void deadline_comparesAcrossTheWrapOfTheClock() {
    CallDeadline early = new CallDeadline(Long.MAX_VALUE - 1);
    CallDeadline late = new CallDeadline(Long.MIN_VALUE + 1);
    assertThat(early.orLater(late)).isSameAs(late);
    assertThat(late.orLater(early)).isSameAs(late);
    assertThat(CallDeadline.in(Duration.ofHours(1)).isOver()).isFalse();
    assertThat(CallDeadline.in(Duration.ZERO).isOver()).isTrue();
  }

  @Test
  void stages_areStartedUnwrappedAndCollected() {
    assertThat(
            AsyncCalls.cause(
                new CompletionException(new CompletionException(FAILURES.unreachable()))))
        .hasMessageContaining("no connection");
    CompletableFuture<Integer> one = new CompletableFuture<>();
    CompletableFuture<List<Integer>> all =
        AsyncCalls.all(List.of(one, CompletableFuture.completedFuture(2)));
    assertThat(all).isNotDone();
    one.complete(1);
    assertThat(all).isCompletedWithValue(List.of(1, 2));
    assertThat(
            AsyncCalls.start(
                () -> {
                  throw new AssertionError("thrown");
                }))
        .isCompletedExceptionally();
  }

  private CompletableFuture<String> within(CompletableFuture<String> call) {
    return deadlines.within(Duration.ofMillis(50), call, FAILURES::timeout);
  }
}
