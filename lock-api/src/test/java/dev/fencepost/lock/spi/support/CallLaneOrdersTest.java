package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.support.BatchReply.SendAlone;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Takes a lane through all orders of five steps, and through long random ones, beside a model that
 * says which calls must be open after each step.
 */
class CallLaneOrdersTest {
  private static final int STEPS = 5;
  private static final int RANDOM_RUNS = 500;
  private static final int RANDOM_STEPS = 200;

  private enum Step {
    SUBMIT_A,
    SUBMIT_B,
    SUBMIT_ALONE,
    ANSWER_OLDEST,
    ANSWER_NEWEST,
    FAIL_OLDEST,
    SEND_ALONE_OLDEST,
    PASS_DEADLINES,
    TIME_OUT,
    CLOSE
  }

  @Test
  void allOrdersOfFiveSteps_followTheModel() {
    int steps = Step.values().length;
    for (int run = 0; run < Math.pow(steps, STEPS); run++) {
      List<Step> order = new ArrayList<>();
      for (int rest = run; order.size() < STEPS; rest /= steps) {
        order.add(Step.values()[rest % steps]);
      }
      follow(order);
    }
  }

  @Test
  void longRandomOrders_followTheModel() {
    for (int seed = 0; seed < RANDOM_RUNS; seed++) {
      Random random = new Random(seed);
      List<Step> order = new ArrayList<>();
      while (order.size() < RANDOM_STEPS) {
        Step step = Step.values()[random.nextInt(Step.values().length)];
        if (step != Step.CLOSE) {
          order.add(step);
        }
      }
      follow(order);
    }
  }

  private static void follow(List<Step> order) {
    try {
      LaneModel model = new LaneModel();
      order.forEach(step -> take(step, model));
      model.finish();
    } catch (AssertionError e) {
      throw new AssertionError("after " + order, e);
    }
  }

  private static void take(Step step, LaneModel model) {
    switch (step) {
      case SUBMIT_A -> model.submit('a', false);
      case SUBMIT_B -> model.submit('b', false);
      case SUBMIT_ALONE -> model.submit('a', true);
      case ANSWER_OLDEST -> model.end(0, OpenCalls::answersOf);
      case ANSWER_NEWEST -> model.end(-1, OpenCalls::answersOf);
      case FAIL_OLDEST -> model.end(0, requests -> List.of());
      case SEND_ALONE_OLDEST ->
          model.end(
              0,
              requests ->
                  requests.stream().<BatchReply<String>>map(r -> new SendAlone<>()).toList());
      case PASS_DEADLINES -> model.passDeadlines();
      case TIME_OUT -> model.timeOut();
      case CLOSE -> model.close();
    }
  }

  @Test
  void manyRequestsThatFailAtOnce_doNotOverflowTheStack() {
    OpenCalls calls = new OpenCalls();
    CallLane<String, String> lane =
        new CallLane<>(
            new CallFailures("the test"),
            new CallDeadlines(() -> 0, 1),
            new CallLane.Limits(1, 1, 1, 100_000),
            request -> request,
            (requests, deadline) ->
                requests.get(0).equals("first")
                    ? calls.send(requests, deadline)
                    : CompletableFuture.failedFuture(new IllegalStateException("refused")));
    CallDeadline soon = new CallDeadline(1);
    assertThat(lane.submit("first", soon)).isNotDone();
    List<CompletableFuture<String>> queued = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      queued.add(
          lane.submit("again", soon)
              .handle((answer, error) -> error)
              .thenCompose(error -> lane.submit("retry", soon)));
    }
    calls.answerAll();
    assertThat(queued)
        .allSatisfy(
            answer ->
                assertThat(answer)
                    .failsWithin(java.time.Duration.ZERO)
                    .withThrowableThat()
                    .havingRootCause()
                    .withMessage("refused"));
  }
}
