package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.support.BatchReply.Answered;
import dev.fencepost.lock.spi.support.BatchReply.Failed;
import dev.fencepost.lock.spi.support.BatchReply.SendAlone;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
class CallLaneTest {
  private static final CallFailures FAILURES = new CallFailures("Redis");
  private static final CallDeadline SOON = new CallDeadline(1_000);
  private static final CallDeadline LATER = new CallDeadline(2_000);

  private final OpenCalls calls = new OpenCalls();

  private final AtomicLong now = new AtomicLong();

  private CallLane<String, String> lane(
      int batchSize, int capacity, CallLane.BatchSender<String, String> sender) {
    return lane(batchSize, capacity, new CallDeadlines(now::get, 1), sender);
  }

  private CallLane<String, String> lane(int batchSize, int capacity, CallDeadlines deadlines) {
    return lane(batchSize, capacity, deadlines, calls);
  }

  private static CallLane<String, String> lane(
      int batchSize,
      int capacity,
      CallDeadlines deadlines,
      CallLane.BatchSender<String, String> sender) {
    return new CallLane<>(
        FAILURES,
        deadlines,
        new CallLane.Limits(batchSize, 1, 1, capacity),
        request -> request.charAt(0),
        sender);
  }

  @Test
  void queuedRequests_travelTogetherInTheirOrder() {
    CallLane<String, String> lane = lane(3, 10, calls);
    List.of("a", "b", "c", "d", "e").forEach(each -> lane.submit(each, SOON));
    calls.answerAll();
    assertThat(calls.sent()).containsExactly(List.of("a"), List.of("b", "c", "d"), List.of("e"));
  }

  @Test
  void requestsOfOneKey_travelOneAfterTheOtherAndBeforeLaterOnes() {
    CallLane<String, String> lane = lane(2, 10, calls);
    List.of("x", "a1", "a2", "b1", "b2").forEach(each -> lane.submit(each, SOON));
    calls.answerAll();
    assertThat(calls.sent())
        .containsExactly(List.of("x"), List.of("a1", "b1"), List.of("a2", "b2"));
  }

  @Test
  void fullQueue_refusesUntilAPlaceIsFree() {
    CallLane<String, String> lane = lane(1, 1, calls);
    lane.submit("a", SOON);
    lane.submit("b", SOON);
    assertThat(lane.submit("c", SOON)).satisfies(refusedWith("too many calls wait for Redis"));
    calls.answerNext();
    assertThat(lane.submit("d", SOON)).isNotDone();
  }

  @Test
  void fullOfTimedOutRequests_takesNewOnes() {
    CallLane<String, String> lane = lane(1, 1, calls);
    lane.submit("a", SOON);
    CompletableFuture<String> timedOut = lane.submit("b", SOON);
    timedOut.completeExceptionally(FAILURES.timeout());
    CompletableFuture<String> next = lane.submit("c", SOON);
    calls.answerAll();
    assertThat(next).isCompletedWithValue("c");
    assertThat(calls.sent()).containsExactly(List.of("a"), List.of("c"));
  }

  @Test
  void requestsThatTimedOutBehindALiveOne_keepNoRoom() {
    CallDeadlines deadlines = new CallDeadlines(now::get, 8);
    CallLane<String, String> lane = lane(1, 3, deadlines);
    lane.submit("in flight", LATER);
    CompletableFuture<String> head = lane.submit("a", LATER);
    lane.submit("b", SOON);
    lane.submitAlone("c", LATER);
    CompletableFuture<String> alone = lane.submitAlone("d", SOON);
    assertThat(lane.submit("e", LATER)).satisfies(refusedWith("too many calls wait for Redis"));
    now.set(SOON.nanos());
    deadlines.sweep();
    CompletableFuture<String> next = lane.submit("f", LATER);
    CompletableFuture<String> last = lane.submit("g", LATER);
    assertThat(lane.submit("h", LATER)).satisfies(refusedWith("too many calls wait for Redis"));
    calls.answerAll();
    assertThat(alone).satisfies(refusedWith("no answer from Redis"));
    assertThat(List.of(head, next, last)).allSatisfy(each -> assertThat(each).isCompleted());
  }

  @Test
  void requestsWhoseDeadlinePassedBeforeTheSweep_areNeverSent() {
    CallDeadlines deadlines = new CallDeadlines(now::get, 8);
    CallLane<String, String> lane = lane(3, 10, deadlines);
    lane.submit("in flight", SOON);
    CompletableFuture<String> over = lane.submit("a", SOON);
    CompletableFuture<String> young = lane.submit("b", LATER);
    lane.submitAlone("c", SOON);
    CompletableFuture<String> alone = lane.submitAlone("d", SOON);
    now.set(SOON.nanos());
    calls.answerAll();
    assertThat(calls.sent()).containsExactly(List.of("in flight"), List.of("c"), List.of("b"));
    assertThat(young).isCompletedWithValue("b");
    deadlines.sweep();
    assertThat(List.of(over, alone))
        .allSatisfy(each -> assertThat(each).satisfies(refusedWith("no answer from Redis")));
    assertThat(deadlines.pendingCount()).isZero();
  }

  @Test
  void laneThatIsIdle_leavesNothingOnItsThreads() throws Exception {
    List<CallLane<String, String>> lanes = new ArrayList<>();
    int before = threadLocals();
    for (int i = 0; i < 100; i++) {
      CallLane<String, String> lane =
          lane(1, 10, (requests, deadline) -> CompletableFuture.failedFuture(new Error("no")));
      lane.submit("a", SOON).handle((answer, error) -> lane.submit("b", SOON));
      lanes.add(lane);
    }
    assertThat(threadLocals()).as("thread locals of %s lanes", lanes.size()).isEqualTo(before);
  }

  @Test
  void repliesOfEachKind_reachTheirRequests() {
    CallLane<String, String> lane = lane(3, 10, calls);
    lane.submit("first", SOON);
    CompletableFuture<String> answered = lane.submit("a", SOON);
    CompletableFuture<String> failed = lane.submit("b", SOON);
    CompletableFuture<String> alone = lane.submit("c", SOON);
    calls.answerNext();
    calls.reply(
        List.of(
            new Answered<>("yes"),
            new Failed<>(new IllegalStateException("no")),
            new SendAlone<>()));
    assertThat(answered).isCompletedWithValue("yes");
    assertThat(failed).satisfies(refusedWith("no"));
    assertThat(calls.sent()).endsWith(List.of("c"));
    calls.answerNext();
    assertThat(alone).isCompletedWithValue("c");
  }

  @Test
  void failedCall_failsItsRequestsWithTheCause() {
    CallLane<String, String> lane = lane(1, 10, calls);
    CompletableFuture<String> answer = lane.submit("a", SOON);
    calls.fail(
        new java.util.concurrent.CompletionException(new IllegalStateException("broken pipe")));
    assertThat(answer).satisfies(refusedWith("broken pipe"));
  }

  @Test
  void senderThatThrowsOrAnswersTooLittle_failsTheRequestAndFreesThePlace() {
    List<Object> outcomes = new ArrayList<>(List.of(new AssertionError("thrown"), List.of(), ""));
    CallLane<String, String> lane =
        lane(
            1,
            10,
            (requests, deadline) -> {
              Object outcome = outcomes.remove(0);
              if (outcome instanceof Error error) {
                throw error;
              }
              return outcome instanceof List
                  ? CompletableFuture.completedFuture(List.of())
                  : CompletableFuture.completedFuture(OpenCalls.answersOf(requests));
            });
    assertThat(lane.submit("a", SOON)).satisfies(refusedWith("thrown"));
    assertThat(lane.submit("b", SOON)).satisfies(refusedWith("not one reply for each of 1"));
    assertThat(lane.submit("c", SOON)).isCompletedWithValue("c");
  }

  @Test
  void senderWithoutAStage_failsTheRequestAndFreesThePlace() {
    List<String> seen = new ArrayList<>();
    CallLane<String, String> lane =
        lane(
            1,
            10,
            (requests, deadline) -> {
              seen.addAll(requests);
              return null;
            });
    assertThat(lane.submit("a", SOON)).satisfies(refusedWith("a call without a stage"));
    assertThat(lane.submit("b", SOON)).satisfies(refusedWith("a call without a stage"));
    assertThat(seen).containsExactly("a", "b");
  }

  @Test
  void batch_hasTheLatestDeadlineOfItsRequests() {
    List<CallDeadline> seen = new ArrayList<>();
    CallLane<String, String> lane =
        lane(
            3,
            10,
            (requests, deadline) -> {
              seen.add(deadline);
              return calls.send(requests, deadline);
            });
    lane.submit("first", SOON);
    lane.submit("a", SOON);
    lane.submit("b", LATER);
    lane.submit("c", SOON);
    calls.answerNext();
    assertThat(seen).containsExactly(SOON, LATER);
  }

  @Test
  void shrunkBatches_carryFewer() {
    CallLane<String, String> lane = lane(3, 10, calls);
    List.of("a", "b", "c", "d").forEach(each -> lane.submit(each, SOON));
    lane.shrinkBatches(2);
    lane.shrinkBatches(5);
    calls.answerAll();
    assertThat(calls.sent()).containsExactly(List.of("a"), List.of("b", "c"), List.of("d"));
    lane.shrinkBatches(0);
    assertThat(lane.submit("e", SOON)).isNotDone();
  }

  @Test
  void grownBatches_carryTwiceAsMany_upToTheBound() {
    CallLane<String, String> lane = lane(3, 20, calls);
    lane.submit("first", SOON);
    lane.shrinkBatches(1);
    lane.growBatches();
    List.of("a", "b", "c").forEach(each -> lane.submit(each, SOON));
    calls.answerNext();
    lane.growBatches();
    List.of("d", "e", "g", "h").forEach(each -> lane.submit(each, SOON));
    calls.answerAll();
    assertThat(calls.sent())
        .containsExactly(
            List.of("first"), List.of("a", "b"), List.of("c", "d", "e"), List.of("g", "h"));
  }

  @Test
  void sentAlone_hasPlacesOfItsOwn() {
    CallLane<String, String> lane = lane(3, 10, calls);
    lane.submit("a", SOON);
    lane.submitAlone("b", SOON);
    lane.submitAlone("c", SOON);
    assertThat(calls.sent()).containsExactly(List.of("a"), List.of("b"));
  }

  @Test
  void closedLane_refuses() {
    CallLane<String, String> lane = lane(1, 10, calls);
    lane.close();
    assertThat(lane.submit("a", SOON)).satisfies(refusedWith("the backend is closed"));
    assertThat(calls.sent()).isEmpty();
  }

  @Test
  void closedLane_failsTheRequestsThatWereToTravelAlone() {
    CallLane<String, String> lane = lane(1, 10, calls);
    CompletableFuture<String> answer = lane.submit("a", SOON);
    lane.close();
    calls.reply(List.of(new SendAlone<>()));
    assertThat(answer).satisfies(refusedWith("the backend is closed"));
    assertThat(calls.sent()).containsExactly(List.of("a"));
  }

  @Test
  void gate_runsCallsOfAnyKindAndHandsTheirFailuresOn() {
    CallGate gate = new CallGate(FAILURES, new CallDeadlines(() -> 0, 1), 1, 1);
    CompletableFuture<Integer> open = new CompletableFuture<>();
    CompletableFuture<Integer> number = gate.submit(() -> open, SOON);
    CompletableFuture<String> text =
        gate.submit(() -> CompletableFuture.failedFuture(FAILURES.unreachable()), SOON);
    assertThat(gate.submit(() -> open, SOON)).satisfies(refusedWith("too many calls"));
    open.complete(7);
    assertThat(number).isCompletedWithValue(7);
    assertThat(text).satisfies(refusedWith("there is no connection to Redis"));
    assertThat(gate.<Void>submit(() -> CompletableFuture.completedFuture(null), SOON))
        .isCompletedWithValue(null);
    gate.close();
    assertThat(gate.submit(() -> open, SOON)).satisfies(refusedWith("the backend is closed"));
  }

  @Test
  void failures_nameTheStore() {
    assertThat(FAILURES.timeout().failure()).isEqualTo(StoreException.Failure.STORE_TIMEOUT);
    assertThat(FAILURES.timeout()).hasMessageContaining("no answer from Redis");
    assertThat(FAILURES.overloaded().failure()).isEqualTo(StoreException.Failure.STORE_OVERLOADED);
    assertThat(FAILURES.alwaysChanged().failure()).isEqualTo(StoreException.Failure.STORE_TIMEOUT);
    assertThat(CallFailures.closed().failure()).isEqualTo(StoreException.Failure.STORE_UNREACHABLE);
    assertThat(CallFailures.notOpen()).hasMessageContaining("not open");
  }

  /** Counts the entries of the current thread's map, those without a value too. */
  private static int threadLocals() throws ReflectiveOperationException {
    Field field = Thread.class.getDeclaredField("threadLocals");
    field.setAccessible(true);
    Object map = field.get(Thread.currentThread());
    Field size = map.getClass().getDeclaredField("size");
    size.setAccessible(true);
    return size.getInt(map);
  }

  private static java.util.function.Consumer<CompletableFuture<?>> refusedWith(String message) {
    return answer ->
        assertThat(answer)
            .failsWithin(Duration.ZERO)
            .withThrowableThat()
            .havingCause()
            .withMessageContaining(message);
  }
}
