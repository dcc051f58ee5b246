package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.ExploredSchedules.check;
import static dev.fencepost.lock.spi.support.ExploredSchedules.explore;
import static dev.fencepost.lock.spi.support.ExploredSchedules.together;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Replacements of a token base that meet doubts, adoptions and each other. */
@SuppressWarnings("FutureReturnValueIgnored") // Their effects are checked.
class TokenBaseKeeperSchedulesTest {

  /** A base, written before or after the store was restored. */
  private record TestBase(int restores) implements TokenBaseKeeper.PositionBase {
    @Override
    public long tokenAt(long position) {
      return position;
    }
  }

  private final AtomicInteger restores = new AtomicInteger();
  private final AtomicInteger writes = new AtomicInteger();

  @Test
  void doubtDuringAReplacement_noBaseFromBeforeIt() {
    explore(
        () -> {
          TokenBaseKeeper<TestBase> keeper = newKeeper();
          together(() -> keeper.replace(this::write), () -> restore(keeper));
          check(
              keeper.known().stream().allMatch(base -> base.restores() == 1),
              "a base from before a doubt is not used after it");
        });
  }

  @Test
  void requestAfterADoubt_getsABaseFromAfterIt() {
    explore(
        () -> {
          TokenBaseKeeper<TestBase> keeper = newKeeper();
          AtomicReference<CompletionStage<TestBase>> asked = new AtomicReference<>();
          together(
              () -> keeper.replace(this::write),
              () -> {
                restore(keeper);
                asked.set(keeper.current(this::write));
              });
          CompletableFuture<TestBase> base = asked.get().toCompletableFuture();
          check(base.isDone() && base.join().restores() == 1, "the base is from after the doubt");
        });
  }

  @Test
  void adoptionDuringADoubt_theDoubtStays() {
    explore(
        () -> {
          TokenBaseKeeper<TestBase> keeper = newKeeper();
          keeper.replace(this::write);
          TestBase checked = keeper.known().orElseThrow();
          together(
              () -> keeper.adopt(checked, Optional.of(new TestBase(-1)), 5), keeper::invalidate);
          check(keeper.known().isEmpty(), "the doubt is not lost");
        });
  }

  @Test
  void replacedTwiceAtOnce_bothGetAWrittenBase() {
    explore(
        () -> {
          TokenBaseKeeper<TestBase> keeper = newKeeper();
          CompletableFuture<Optional<TestBase>> slow = new CompletableFuture<>();
          AtomicReference<CompletionStage<TestBase>> one = new AtomicReference<>();
          AtomicReference<CompletionStage<TestBase>> two = new AtomicReference<>();
          TokenBaseKeeper.BaseWriter<TestBase> writer =
              least -> {
                writes.incrementAndGet();
                return slow;
              };
          together(() -> one.set(keeper.replace(writer)), () -> two.set(keeper.replace(writer)));
          check(writes.get() == 1, "one replacement at a time");
          slow.complete(Optional.of(new TestBase(0)));
          check(one.get().toCompletableFuture().isDone(), "the first is answered");
          check(two.get().toCompletableFuture().isDone(), "the second is answered");
        });
  }

  private TokenBaseKeeper<TestBase> newKeeper() {
    restores.set(0);
    writes.set(0);
    return new TokenBaseKeeper<>(() -> 1_000, 10, () -> new IllegalStateException("too many"));
  }

  private void restore(TokenBaseKeeper<TestBase> keeper) {
    restores.set(1);
    keeper.invalidate();
  }

  private CompletionStage<Optional<TestBase>> write(long leastValue) {
    return CompletableFuture.completedFuture(Optional.of(new TestBase(restores.get())));
  }
}
