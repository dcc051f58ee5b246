package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.ExploredSchedules.check;
import static dev.fencepost.lock.spi.support.ExploredSchedules.explore;
import static dev.fencepost.lock.spi.support.ExploredSchedules.together;

import dev.fencepost.lock.spi.support.BatchReply.SendAlone;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Lanes and gates whose requests, answers, deadlines and closings meet in any order. */
@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
class CallLaneSchedulesTest {
  private static final CallFailures FAILURES = new CallFailures("the test");
  private static final CallDeadline SOON = new CallDeadline(1_000);
  private static final int SLOTS = 2;

  private final AtomicLong clock = new AtomicLong();

  private CallDeadlines deadlines() {
    return new CallDeadlines(clock::get, SLOTS);
  }

  private CallLane<String, String> lane(
      CallDeadlines deadlines, OpenCalls calls, int batchSize, int inFlight) {
    return new CallLane<>(
        FAILURES,
        deadlines,
        new CallLane.Limits(batchSize, inFlight, 1, 10),
        request -> request.charAt(0),
        calls);
  }

  @Test
  void requestsAndAnswersAtOnce_allAreSentAndNeverMoreThanTheLimit() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 1, 1);
          CompletableFuture<String> first = lane.submit("a", SOON);
          AtomicReply second = new AtomicReply();
          AtomicReply third = new AtomicReply();
          together(
              () -> second.stage = lane.submit("b", SOON),
              () -> third.stage = lane.submit("c", SOON),
              calls::answerNext);
          calls.answerAll();
          check(first.isDone() && first.join().equals("a"), "the first is answered");
          check(second.stage.isDone() && second.stage.join().equals("b"), "no wake-up is lost");
          check(third.stage.isDone() && third.stage.join().equals("c"), "no wake-up is lost");
          check(calls.mostOpen() == 1, "never more in flight than the limit");
        });
  }

  @Test
  void twoAnswersAtOnce_freeTwoPlaces() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 1, 2);
          lane.submit("a", SOON);
          lane.submit("b", SOON);
          together(calls::answerNext, calls::answerNext);
          lane.submit("c", SOON);
          lane.submit("d", SOON);
          lane.submit("e", SOON);
          check(calls.openCount() == 2, "no place is lost or counted twice");
        });
  }

  @Test
  void sameKeysAtOnce_neverShareABatch() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 8, 1);
          lane.submit("x", SOON);
          CompletableFuture<String> one = lane.submit("a1", SOON);
          AtomicReply two = new AtomicReply();
          together(() -> two.stage = lane.submit("a2", SOON), calls::answerNext);
          calls.answerAll();
          check(one.isDone() && two.stage.isDone(), "both are answered");
          check(calls.mostOpen() == 1, "never more in flight than the limit");
          for (List<String> batch : calls.sent()) {
            HashSet<Character> keys = new HashSet<>();
            check(batch.stream().allMatch(each -> keys.add(each.charAt(0))), "one of each key");
          }
        });
  }

  @Test
  void requestAndClose_isRefusedOrFailedAndNotSent() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 1, 1);
          CompletableFuture<String> inFlight = lane.submit("a", SOON);
          AtomicReply queued = new AtomicReply();
          together(() -> queued.stage = lane.submit("b", SOON), lane::close);
          check(queued.stage.isCompletedExceptionally(), "the queued request has failed");
          calls.answerAll();
          check(inFlight.join().equals("a"), "the call in flight ends by itself");
          check(calls.sent().equals(List.of(List.of("a"))), "nothing is sent after close");
        });
  }

  @Test
  void answerAndClose_theQueuedRequestIsSentOrFailed() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 1, 1);
          lane.submit("a", SOON);
          CompletableFuture<String> queued = lane.submit("b", SOON);
          together(calls::answerNext, lane::close);
          calls.answerAll();
          check(queued.isDone(), "the request has an outcome");
          check(
              queued.isCompletedExceptionally() == (calls.sent().size() == 1),
              "it failed, or it was sent");
        });
  }

  @Test
  void sentAloneAgainAndClose_isSentOrFailed() {
    explore(
        () -> {
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane = lane(deadlines(), calls, 2, 1);
          CompletableFuture<String> request = lane.submit("a", SOON);
          together(() -> calls.reply(List.of(new SendAlone<>())), lane::close);
          calls.answerAll();
          check(request.isDone(), "the request has an outcome");
          check(
              request.isCompletedExceptionally() == (calls.sent().size() == 1),
              "it failed, or it was sent again");
        });
  }

  @Test
  void answerAndDeadline_oneOutcomeAndThePlaceIsFreedOnce() {
    explore(
        () -> {
          clock.set(0);
          OpenCalls calls = new OpenCalls();
          CallDeadlines deadlines = deadlines();
          CallLane<String, String> lane = lane(deadlines, calls, 1, 1);
          AtomicInteger outcomes = new AtomicInteger();
          for (String each : List.of("a", "b")) {
            lane.submit(each, SOON).whenComplete((done, error) -> outcomes.incrementAndGet());
          }
          clock.set(2_000);
          together(deadlines::sweep, calls::answerNext);
          check(outcomes.get() == 2 || calls.openCount() == 1, "nothing is left behind");
          calls.answerAll();
          check(outcomes.get() == 2, "each has one outcome");
          check(calls.sent().equals(List.of(List.of("a"))), "nothing is sent after its deadline");
          lane.submit("c", new CallDeadline(9_000));
          lane.submit("d", new CallDeadline(9_000));
          check(calls.openCount() == 1, "the place is free, and there is one");
        });
  }

  @Test
  void higherLimitAndRequest_bothCallsBegin() {
    explore(
        () -> {
          AtomicInteger limit = new AtomicInteger(1);
          OpenCalls calls = new OpenCalls();
          CallLane<String, String> lane =
              new CallLane<>(
                  FAILURES,
                  deadlines(),
                  new CallLane.Limits(1, 9, 0, 10),
                  limit::get,
                  request -> request,
                  calls);
          lane.submit("a", SOON);
          together(
              () -> lane.submit("b", SOON),
              () -> {
                limit.set(2);
                lane.admit();
              });
          check(calls.openCount() == 2, "a queued request with a free place is sent");
        });
  }

  @Test
  void gate_neverMoreThanTheLimitAndAllCallsEnd() {
    explore(
        () -> {
          CallGate gate = new CallGate(FAILURES, deadlines(), 1, 10);
          OpenCalls calls = new OpenCalls();
          CompletableFuture<?> first = gate.submit(() -> calls.send(List.of("a"), SOON), SOON);
          AtomicReply second = new AtomicReply();
          together(
              () ->
                  second.stage =
                      gate.submit(
                          () -> calls.send(List.of("b"), SOON).thenApply(reply -> "b"), SOON),
              calls::answerNext);
          calls.answerAll();
          check(first.isDone() && second.stage.join().equals("b"), "both are answered");
          check(calls.mostOpen() == 1, "never more in flight than the limit");
        });
  }

  /** A stage that a thread leaves for the checks. */
  private static final class AtomicReply {
    private volatile CompletableFuture<String> stage = new CompletableFuture<>();
  }
}
