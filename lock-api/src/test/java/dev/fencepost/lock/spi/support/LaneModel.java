package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A lane beside the queues and open calls that it must have. For one thread. */
@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
final class LaneModel {
  private static final int BATCH = 2;
  private static final int IN_FLIGHT = 1;
  private static final int ALONE_IN_FLIGHT = 1;
  private static final int CAPACITY = 4;
  private static final long TIMEOUT_NANOS = 1_000;

  private final CallDeadlines deadlines = new CallDeadlines(this::nanos, 2);
  private final List<ModelCall> open = new ArrayList<>();
  private final CallLane<String, String> lane =
      new CallLane<>(
          new CallFailures("the test"),
          deadlines,
          new CallLane.Limits(BATCH, IN_FLIGHT, ALONE_IN_FLIGHT, CAPACITY),
          request -> request.charAt(0),
          (requests, deadline) -> {
            ModelCall call = new ModelCall(requests, new CompletableFuture<>());
            open.add(call);
            return call.reply();
          });

  private final List<ExpectedCall> expected = new ArrayList<>();
  private final List<String> waiting = new ArrayList<>();
  private final List<String> waitingAlone = new ArrayList<>();

  /** Requests whose deadlines have passed, but that no sweep has failed. They are never sent. */
  private final List<String> overdue = new ArrayList<>();

  private final Map<String, CompletableFuture<String>> stages = new LinkedHashMap<>();
  private final Map<String, CallDeadline> deadlinesOf = new LinkedHashMap<>();
  private final Map<String, Integer> outcomes = new LinkedHashMap<>();
  private long nanos;
  private boolean closed;

  /** An open call. */
  private record ModelCall(
      List<String> requests, CompletableFuture<List<BatchReply<String>>> reply) {}

  /** A call that the lane must have sent. */
  private record ExpectedCall(List<String> requests, boolean isAlone) {}

  private long nanos() {
    return nanos;
  }

  void submit(char key, boolean alone) {
    String request = key + "" + stages.size();
    int live = waiting.size() + waitingAlone.size();
    boolean mustBeRefused = closed || live >= CAPACITY;
    boolean mayBeRefused = closed || live + overdue.size() >= CAPACITY;
    CallDeadline deadline = new CallDeadline(nanos + TIMEOUT_NANOS);
    CompletableFuture<String> stage =
        alone ? lane.submitAlone(request, deadline) : lane.submit(request, deadline);
    stages.put(request, stage);
    deadlinesOf.put(request, deadline);
    stage.whenComplete((answer, error) -> outcomes.merge(request, 1, Integer::sum));
    boolean refused = stage.isCompletedExceptionally();
    assertThat(refused).as("refused %s", request).isIn(mustBeRefused, mayBeRefused);
    if (!refused) {
      (alone ? waitingAlone : waiting).add(request);
    }
    compare();
  }

  /** Ends an open call, the oldest (0) or the newest (-1). No replies are a failure of all. */
  void end(int which, Function<List<String>, List<BatchReply<String>>> replies) {
    if (open.isEmpty()) {
      return;
    }
    int index = which == 0 ? 0 : open.size() - 1;
    ModelCall call = open.remove(index);
    expected.remove(index);
    List<BatchReply<String>> reply = replies.apply(call.requests());
    List<String> again = new ArrayList<>();
    for (int i = 0; i < reply.size(); i++) {
      String request = call.requests().get(i);
      if (reply.get(i) instanceof BatchReply.SendAlone && !stages.get(request).isDone()) {
        again.add(request);
      }
    }
    if (!closed) {
      again.stream().filter(this::isOverdue).forEach(overdue::add);
      waitingAlone.addAll(0, again.stream().filter(request -> !isOverdue(request)).toList());
    }
    call.reply().complete(reply);
    if (closed) {
      again.forEach(request -> assertThat(stages.get(request)).isCompletedExceptionally());
    }
    compare();
  }

  /** Lets all deadlines pass, without a sweep. */
  void passDeadlines() {
    nanos += TIMEOUT_NANOS;
    overdue.addAll(waiting);
    overdue.addAll(waitingAlone);
    waiting.clear();
    waitingAlone.clear();
    compare();
  }

  void timeOut() {
    nanos += TIMEOUT_NANOS;
    waiting.clear();
    waitingAlone.clear();
    overdue.clear();
    deadlines.sweep();
    assertThat(stages.values()).allMatch(CompletableFuture::isDone);
    compare();
  }

  void close() {
    closed = true;
    lane.close();
    waiting.forEach(request -> assertThat(stages.get(request)).isCompletedExceptionally());
    waitingAlone.forEach(request -> assertThat(stages.get(request)).isCompletedExceptionally());
    waiting.clear();
    waitingAlone.clear();
    compare();
  }

  /** Answers all that is open: then each request had exactly one outcome. */
  void finish() {
    while (!open.isEmpty()) {
      end(0, OpenCalls::answersOf);
    }
    assertThat(waiting).isEmpty();
    assertThat(waitingAlone).isEmpty();
    deadlines.sweep();
    stages.keySet().forEach(request -> assertThat(outcomes).containsEntry(request, 1));
    assertThat(deadlines.pendingCount()).isZero();
  }

  private boolean isOverdue(String request) {
    return deadlinesOf.get(request).isOverAt(nanos);
  }

  /** Sends in the model what the lane must have sent, and compares the open calls. */
  private void compare() {
    boolean sentOne = true;
    while (sentOne) {
      sentOne = sendNext();
    }
    List<List<String>> wanted = expected.stream().map(ExpectedCall::requests).toList();
    if (!open.stream().map(ModelCall::requests).toList().equals(wanted)) {
      assertThat(open).extracting(ModelCall::requests).isEqualTo(wanted);
    }
  }

  private boolean sendNext() {
    int alone = (int) expected.stream().filter(ExpectedCall::isAlone).count();
    if (alone < ALONE_IN_FLIGHT && !waitingAlone.isEmpty()) {
      expected.add(new ExpectedCall(List.of(waitingAlone.remove(0)), true));
      return true;
    }
    if (expected.size() - alone < IN_FLIGHT && !waiting.isEmpty()) {
      List<String> batch = new ArrayList<>();
      Set<Character> keys = new HashSet<>();
      for (String each : waiting) {
        if (batch.size() < BATCH && keys.add(each.charAt(0))) {
          batch.add(each);
        }
      }
      waiting.removeAll(batch);
      expected.add(new ExpectedCall(batch, false));
      return true;
    }
    return false;
  }
}
