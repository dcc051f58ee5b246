package dev.fencepost.lock.spi.support;

import static dev.fencepost.lock.spi.support.CommandSamples.CLAIM;
import static dev.fencepost.lock.spi.support.CommandSamples.CONTEXT;
import static dev.fencepost.lock.spi.support.CommandSamples.LOCK;
import static dev.fencepost.lock.spi.support.CommandSamples.NOW_MICROS;
import static dev.fencepost.lock.spi.support.CommandSamples.held;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.RecordSteps.LockTable;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import dev.fencepost.lock.spi.support.RecordSteps.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class RecordStepsTest {
  private static final CallFailures FAILURES = new CallFailures("the test");
  private static final CallDeadline LATER = CallDeadline.in(Duration.ofHours(1));

  private final OneLock table = new OneLock();

  /** A lock's state with its version; version -1 is a guess. */
  private record Version(LockRecord record, int version) {}

  private String run(Optional<Version> guess, CallDeadline deadline) {
    return RecordSteps.run(
            new AcquireClaim(CLAIM, QueueIntent.NONE), table, guess, FAILURES, deadline)
        .handle((answer, error) -> error == null ? answer.getClass().getSimpleName() : "" + error)
        .toCompletableFuture()
        .join();
  }

  @Test
  void withoutAGuess_readsAndWrites() {
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Granted");
    assertThat(table.events).containsExactly("read", "write 0", "answer");
  }

  @Test
  void guessThatAWriteConfirms_savesTheRead() {
    assertThat(run(Optional.of(new Version(LockRecord.unused(LOCK), -1)), LATER))
        .isEqualTo("Granted");
    assertThat(table.events).containsExactly("write -1", "answer");
  }

  @Test
  void guessWithoutAWrite_isReadBeforeItIsAnswered() {
    assertThat(run(Optional.of(new Version(held(), -1)), LATER)).isEqualTo("Granted");
    assertThat(table.events).containsExactly("read", "write 0", "answer");
  }

  @Test
  void stateThatNeedsNoWrite_isAnswered() {
    table.stored = held();
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Busy");
    assertThat(table.events).containsExactly("read", "answer");
  }

  @Test
  void refusedWrite_goesOnFromTheShownStateOrReads() {
    table.refusals =
        new ArrayList<>(List.of(Optional.of(new Version(held(), 5)), Optional.empty()));
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Busy");
    assertThat(table.events).containsExactly("read", "write 0", "conflicts 1", "answer");
    table.events.clear();
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Granted");
    assertThat(table.events)
        .containsExactly("read", "write 0", "conflicts 1", "read", "write 0", "answer");
  }

  @Test
  void answerThatMustStartAgain_readsAgain() {
    table.emptyAnswers = 1;
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Granted");
    assertThat(table.events)
        .containsExactly("read", "write 0", "answer", "conflicts 1", "read", "write 0", "answer");
  }

  @Test
  void refusedManyTimes_goesOnUntilTheDeadline() {
    table.refusals = new ArrayList<>(Collections.nCopies(300, Optional.empty()));
    assertThat(run(Optional.empty(), LATER)).isEqualTo("Granted");
    assertThat(table.events).filteredOn(each -> each.startsWith("write")).hasSize(301);
  }

  @Test
  void alwaysRefused_failsAtTheDeadline() {
    table.refusesAll = true;
    assertThat(run(Optional.empty(), CallDeadline.in(Duration.ofMillis(50))))
        .contains("the lock changed at each try");
    table.events.clear();
    assertThat(run(Optional.empty(), CallDeadline.in(Duration.ZERO)))
        .contains("the lock changed at each try");
    assertThat(table.events).containsExactly("read", "write 0");
  }

  @Test
  void unreadableGuess_isAFailedStage() {
    table.unreadable = true;
    assertThat(run(Optional.of(new Version(held(), -1)), LATER)).contains("damaged");
    assertThat(run(Optional.empty(), LATER)).contains("damaged");
  }

  @Test
  void change_knowsTheRecordAfterItAndItsMoment() {
    run(Optional.empty(), LATER);
    assertThat(table.last.before()).isEqualTo(LockRecord.unused(LOCK));
    assertThat(table.last.after().ownership()).isPresent();
    assertThat(table.last.nowMicros()).isEqualTo(NOW_MICROS);
  }

  /** A table of one lock that refuses writes as told. */
  private static final class OneLock implements LockTable<Version, Attempt> {
    private final List<String> events = new ArrayList<>();
    private List<Optional<Version>> refusals = List.of();
    private LockRecord stored = LockRecord.unused(LOCK);
    private RecordChange<Attempt> last;
    private boolean refusesAll;
    private boolean unreadable;
    private int emptyAnswers;

    @Override
    public CompletionStage<Version> read(LockName lock, CallDeadline deadline) {
      events.add("read");
      return CompletableFuture.completedFuture(new Version(stored, 0));
    }

    @Override
    public boolean isGuess(Version observed) {
      return observed.version() < 0;
    }

    @Override
    public StepContext context() {
      return CONTEXT;
    }

    @Override
    public LockRecord recordOf(Version observed, StepContext context) {
      if (unreadable) {
        throw StoreException.unreadable(LOCK, "damaged");
      }
      return observed.record();
    }

    @Override
    public boolean needsWrite(Version observed, RecordChange<Attempt> change) {
      return !change.after().equals(change.before());
    }

    @Override
    public CompletionStage<StepResult<Version>> write(
        Version observed, RecordChange<Attempt> change, CallDeadline deadline) {
      events.add("write " + observed.version());
      last = change;
      if (refusesAll) {
        return CompletableFuture.supplyAsync(() -> StepResult.refused(Optional.empty()));
      }
      return CompletableFuture.completedFuture(
          refusals.isEmpty() ? StepResult.done(1) : StepResult.refused(refusals.remove(0)));
    }

    @Override
    public CompletionStage<Optional<Attempt>> answer(
        Version observed,
        RecordChange<Attempt> change,
        StepResult<Version> result,
        CallDeadline deadline) {
      events.add("answer");
      return CompletableFuture.completedFuture(
          emptyAnswers-- > 0 ? Optional.empty() : Optional.of(change.transition().outcome()));
    }

    @Override
    public CompletionStage<?> onConflicts(int count) {
      events.add("conflicts " + count);
      return CompletableFuture.completedFuture(count);
    }
  }
}
