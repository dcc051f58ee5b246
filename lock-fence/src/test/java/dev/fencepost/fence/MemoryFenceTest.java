package dev.fencepost.fence;

import static dev.fencepost.fence.LargeTokens.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryFenceTest {

  private final MemoryFence fence = new MemoryFence(10);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void endThreads() {
    threads.shutdownNow();
  }

  @Test
  void tokenBelowTheMark_isRefused_andSaysWhy() {
    fence.check("a", token(2));
    assertThatExceptionOfType(StaleTokenException.class)
        .isThrownBy(() -> fence.check("a", token(1)))
        .withMessage(
            "resource \"a\": token 1800000000000000002 is stale,"
                + " a holder with 1800000000000000003 has been here")
        .satisfies(
            stale -> {
              assertThat(stale.resource()).isEqualTo("a");
              assertThat(stale.token()).isEqualTo(token(1));
              assertThat(stale.mark()).isEqualTo(token(2));
            });
  }

  @Test
  void equalAndHigherTokens_pass_andEachResourceHasItsOwnMark() {
    fence.check("a", token(1));
    fence.check("a", token(1));
    fence.check("a", token(5));
    fence.check("b", token(2));
    assertThatThrownBy(() -> fence.check("a", token(4))).isInstanceOf(StaleTokenException.class);
  }

  @Test
  void zeroAndNegativeTokens_areRefused() {
    for (long wrong : new long[] {0, -1, Long.MIN_VALUE}) {
      assertThatThrownBy(() -> fence.check("a", new FencingToken(wrong)))
          .isInstanceOf(InvalidValueException.class)
          .hasMessageContaining("was the lock granted");
    }
  }

  @Test
  void refusedWrite_isNotBegun_andFailedWriteLeavesTheMarkRaised() {
    assertThatThrownBy(() -> fence.run("a", token(2), this::fail)).hasMessage("failed");
    List<String> effects = new ArrayList<>();
    assertThatThrownBy(() -> fence.run("a", token(1), () -> effects.add("late")))
        .isInstanceOf(StaleTokenException.class);
    assertThat(effects).isEmpty();
  }

  @Test
  void writeHeldBackAfterACheck_comesLate_sinceACheckOnlyNarrows() {
    List<String> effects = new ArrayList<>();
    fence.check("a", token(1));
    fence.check("a", token(2));
    effects.add("newer");
    effects.add("late");
    assertThat(effects).as("why there is run()").containsExactly("newer", "late");
  }

  @Test
  void writeHeldBackWithinRun_keepsTheNextOneOut() throws Exception {
    List<String> effects = new ArrayList<>();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Future<Boolean> older =
        threads.submit(
            () ->
                fence.run(
                    "a",
                    token(1),
                    () -> {
                      entered.countDown();
                      goOn.await();
                      return effects.add("older");
                    }));
    entered.await();
    Future<Boolean> newer =
        threads.submit(() -> fence.run("a", token(2), () -> effects.add("newer")));
    fence.run("b", token(1), () -> effects.add("other"));
    assertThat(newer).isNotDone();
    goOn.countDown();
    older.get();
    newer.get();
    assertThat(effects).containsExactly("other", "older", "newer");
  }

  @Test
  void writeHeldBackOnItsWay_pastTheNextOne_isRefused() throws Exception {
    List<String> effects = new ArrayList<>();
    CountDownLatch held = new CountDownLatch(1);
    Future<Boolean> late =
        threads.submit(
            () -> {
              held.await(); // The holder looked at its lock, and was paused.
              return fence.run("a", token(1), () -> effects.add("late"));
            });
    fence.run("a", token(2), () -> effects.add("newer"));
    held.countDown();
    assertThatThrownBy(late::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(StaleTokenException.class);
    assertThat(effects).containsExactly("newer");
  }

  @Test
  void effectsOfManyThreads_haveTokensThatNeverDecrease() throws Exception {
    RisingTokens.assertNeverFalling(
        8, 2_000, (token, effects) -> fence.run("a", token, () -> effects.add(token.value())));
  }

  @Test
  void oneResourceTooMany_isRefused_untilOneIsForgotten() {
    for (int i = 0; i < 10; i++) {
      fence.check("r" + i, token(1));
    }
    assertThatThrownBy(() -> fence.check("r10", token(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("10 resources");
    fence.check("r9", token(2));
    fence.forget("r9");
    fence.forget("never seen");
    fence.check("r10", token(1));
  }

  @Test
  void badNames_areRefused_andUseNoCapacity() {
    MemoryFence one = new MemoryFence(1);
    for (String bad : List.of("", "a\nb", "x".repeat(513))) {
      assertThatThrownBy(() -> one.check(bad, token(1))).isInstanceOf(InvalidValueException.class);
    }
    one.check("a", token(1));
    assertThatThrownBy(() -> new MemoryFence(0)).isInstanceOf(InvalidValueException.class);
  }

  private Object fail() {
    throw new IllegalStateException("failed");
  }
}
