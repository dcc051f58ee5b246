package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The places of a gate with one call in flight and one in the queue. */
final class GateCapacityTest {
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final AtomicLong now = new AtomicLong();
  private final CallDeadlines deadlines = new CallDeadlines(now::get, 8);
  private final CallGate gate = new CallGate(new CallFailures("a store"), deadlines, 1, 1);
  private final CompletableFuture<String> reply = new CompletableFuture<>();

  @Test
  void requestsThatTimedOut_makeRoomForOthers() {
    CompletableFuture<String> inFlight = submit(() -> reply);
    CompletableFuture<String> queued = submit(() -> reply);
    assertFailed(submit(() -> reply), Failure.STORE_OVERLOADED);
    now.addAndGet(2 * TIMEOUT_NANOS);
    deadlines.sweep();
    assertFailed(inFlight, Failure.STORE_TIMEOUT);
    assertFailed(queued, Failure.STORE_TIMEOUT);

    CompletableFuture<String> next = submit(() -> reply);

    assertThat(next).as("a request that has the queue to itself").isNotDone();
    reply.complete("PONG");
    assertThat(next).isCompletedWithValue("PONG");
  }

  @Test
  void senderWithoutAStage_failsItsRequestsAndGivesUpItsPlace() {
    CallLane<String, String> lane =
        new CallLane<>(
            new CallFailures("a store"),
            deadlines,
            new CallLane.Limits(1, 1, 0, 1),
            request -> request,
            (requests, deadline) -> null);
    for (String request : List.of("first", "second")) {
      assertThat(lane.submit(request, new CallDeadline(TIMEOUT_NANOS))).isCompletedExceptionally();
    }
  }

  @Test
  void gateThatCloses_failsWhatIsQueuedOrComesLater_andAnswersWhatIsInFlight() {
    CompletableFuture<String> inFlight = submit(() -> reply);
    CompletableFuture<String> queued = submit(() -> reply);

    gate.close();

    assertFailed(queued, Failure.STORE_UNREACHABLE);
    assertFailed(submit(() -> reply), Failure.STORE_UNREACHABLE);
    reply.complete("PONG");
    assertThat(inFlight).isCompletedWithValue("PONG");
  }

  private CompletableFuture<String> submit(Supplier<CompletionStage<String>> call) {
    return gate.submit(call, new CallDeadline(now.get() + TIMEOUT_NANOS));
  }

  private static void assertFailed(CompletableFuture<String> answer, Failure failure) {
    assertThat(answer).isDone();
    assertThatThrownBy(answer::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            StoreException.class, error -> assertThat(error.failure()).isEqualTo(failure));
  }
}
