package dev.fencepost.testkit.memory;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.RecordSteps.LockTable;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import dev.fencepost.lock.spi.support.RecordSteps.StepResult;
import dev.fencepost.testkit.memory.MapLockTable.ObservedEntry;
import dev.fencepost.testkit.memory.MapServer.MapEntry;
import dev.fencepost.testkit.memory.MapServer.MapWake;
import dev.fencepost.testkit.memory.MapServer.MapWrite;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The algorithm of this store: a lock is one entry, and a change of it is one conditional write.
 * For one command.
 *
 * @param <T> the answer to the command
 */
record MapLockTable<T>(MapStore store, LockName lock) implements LockTable<ObservedEntry, T> {

  /** A lock's entry as it was read, or guessed. */
  record ObservedEntry(MapEntry entry, boolean isGuess) {
    /** The lock is probably unused. */
    static final ObservedEntry UNUSED = new ObservedEntry(MapEntry.NONE, true);
  }

  /** Returns the record in an entry. */
  static LockRecord decode(LockName lock, MapEntry entry) {
    Object value = entry.value().orElseGet(() -> LockRecord.unused(lock));
    if (value instanceof LockRecord stored) {
      return stored;
    }
    throw StoreException.unreadable(lock, "it is " + value);
  }

  @Override
  public CompletionStage<ObservedEntry> read(LockName name, CallDeadline deadline) {
    return store
        .read(MapStore.keyOf(name), deadline)
        .thenApply(entry -> new ObservedEntry(entry, false));
  }

  @Override
  public boolean isGuess(ObservedEntry observed) {
    return observed.isGuess();
  }

  @Override
  public StepContext context() {
    return store.context();
  }

  @Override
  public LockRecord recordOf(ObservedEntry observed, StepContext context) {
    return decode(lock, observed.entry());
  }

  @Override
  public boolean needsWrite(ObservedEntry observed, RecordChange<T> change) {
    return !change.after().equals(change.before());
  }

  @Override
  public CompletionStage<StepResult<ObservedEntry>> write(
      ObservedEntry observed, RecordChange<T> change, CallDeadline deadline) {
    MapWrite write =
        new MapWrite(
            MapStore.keyOf(lock),
            observed.entry().version(),
            Optional.of(change.after()),
            change.nowMicros(),
            change
                .transition()
                .wake(change.before(), store.context().self())
                .map(next -> new MapWake(next, lock)));
    return store
        .write(write, deadline)
        .thenApply(
            result ->
                result.isDone()
                    ? StepResult.done(change.after().token())
                    : StepResult.refused(Optional.of(new ObservedEntry(result.present(), false))));
  }

  @Override
  public CompletionStage<Optional<T>> answer(
      ObservedEntry observed,
      RecordChange<T> change,
      StepResult<ObservedEntry> result,
      CallDeadline deadline) {
    store.highestToken().record(change.after().token());
    return CompletableFuture.completedFuture(Optional.of(change.transition().outcome()));
  }
}
