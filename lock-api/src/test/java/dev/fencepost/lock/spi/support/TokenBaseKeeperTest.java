package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
class TokenBaseKeeperTest {
  private static final long CLOCK = 1_000;
  private static final long ROOM = 10;

  private final List<Long> leastValues = new ArrayList<>();
  private final List<CompletableFuture<Optional<ValueBase>>> writes = new ArrayList<>();
  private final TokenBaseKeeper<ValueBase> keeper =
      new TokenBaseKeeper<>(() -> CLOCK, ROOM, () -> new IllegalStateException("too many tries"));

  /** A base written at position 0. */
  private record ValueBase(long value) implements TokenBaseKeeper.PositionBase {
    @Override
    public long tokenAt(long position) {
      return value + position;
    }
  }

  private CompletionStage<Optional<ValueBase>> write(long leastValue) {
    leastValues.add(leastValue);
    writes.add(new CompletableFuture<>());
    return writes.get(writes.size() - 1);
  }

  private CompletableFuture<ValueBase> current() {
    return keeper.current(this::write).toCompletableFuture();
  }

  private void written(int write, long value) {
    writes.get(write).complete(Optional.of(new ValueBase(value)));
  }

  @Test
  void firstGrant_waitsForOneReplacementOfAll() {
    CompletableFuture<ValueBase> one = current();
    CompletableFuture<ValueBase> two = current();
    assertThat(keeper.known()).isEmpty();
    written(0, 2_000);
    assertThat(one).isCompletedWithValue(new ValueBase(2_000));
    assertThat(two).isCompletedWithValue(new ValueBase(2_000));
    assertThat(current()).isCompletedWithValue(new ValueBase(2_000));
    assertThat(leastValues).containsExactly(CLOCK);
  }

  @Test
  void newBase_isAboveEveryKnownTokenByARoom() {
    keeper.recordToken(5_000);
    keeper.recordToken(4_000);
    current();
    assertThat(leastValues).containsExactly(5_000 + ROOM);
    assertThat(keeper.highestToken(0)).isEqualTo(5_000);
    written(0, 6_000);
    assertThat(keeper.highestToken(7)).isEqualTo(6_007);
  }

  @Test
  void doubtDuringTheWrite_startsItAgain() {
    CompletableFuture<ValueBase> answer = current();
    keeper.invalidate();
    written(0, 2_000);
    assertThat(answer).isNotDone();
    written(1, 3_000);
    assertThat(answer).isCompletedWithValue(new ValueBase(3_000));
    assertThat(keeper.known()).contains(new ValueBase(3_000));
  }

  @Test
  void doubtAfterTheWrite_forcesAnotherOne() {
    current();
    written(0, 2_000);
    keeper.invalidate();
    assertThat(keeper.known()).isEmpty();
    assertThat(current()).isNotDone();
    assertThat(writes).hasSize(2);
  }

  @Test
  void otherWritesInBetween_endInAFailureAndTheNextReplacementStarts() {
    CompletableFuture<ValueBase> answer =
        keeper
            .replace(
                least -> {
                  leastValues.add(least);
                  return CompletableFuture.completedFuture(Optional.empty());
                })
            .toCompletableFuture();
    assertThat(failureOf(answer)).contains("too many tries");
    assertThat(leastValues).hasSize(20);
    CompletableFuture<ValueBase> next = current();
    written(0, 2_000);
    assertThat(next).isCompletedWithValue(new ValueBase(2_000));
  }

  @Test
  void failedWrite_failsTheGrantAndIsForgotten() {
    CompletableFuture<ValueBase> answer = current();
    writes.get(0).completeExceptionally(new IllegalStateException("no connection"));
    assertThat(failureOf(answer)).contains("no connection");
    CompletableFuture<ValueBase> thrown =
        keeper
            .replace(
                least -> {
                  throw new IllegalStateException("thrown");
                })
            .toCompletableFuture();
    assertThat(failureOf(thrown)).contains("thrown");
    assertThat(current()).isNotDone();
  }

  @Test
  void adoptedBase_mustBeAboveTheTokensSeen() {
    current();
    written(0, 2_000);
    ValueBase checked = new ValueBase(2_000);
    ValueBase stored = new ValueBase(3_000);
    keeper.recordToken(3_005);
    assertThat(keeper.adopt(checked, Optional.of(stored), 6)).isTrue();
    assertThat(keeper.known()).contains(stored);
    assertThat(keeper.adopt(checked, Optional.empty(), 6)).isTrue();
    assertThat(keeper.known()).contains(stored);
    assertThat(keeper.adopt(stored, Optional.of(new ValueBase(2_000)), 1_005)).isFalse();
    assertThat(keeper.known()).isEmpty();
    written(0, 0);
    current();
    written(1, 4_000);
    assertThat(keeper.adopt(new ValueBase(4_000), Optional.empty(), 1)).isFalse();
    assertThat(keeper.known()).isEmpty();
  }

  @Test
  void highestToken_neverGoesDown() {
    HighestToken highest = new HighestToken();
    assertThat(highest.lowestNew()).isEqualTo(1);
    highest.record(7);
    highest.record(3);
    assertThat(highest.value()).isEqualTo(7);
    assertThat(highest.lowestNew()).isEqualTo(8);
  }

  private static String failureOf(CompletableFuture<?> answer) {
    return answer.handle((base, error) -> String.valueOf(error)).join();
  }
}
