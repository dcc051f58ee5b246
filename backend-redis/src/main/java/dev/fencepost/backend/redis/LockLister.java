package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Reads one page of locks, by SCAN over one master after the other. SCAN returns each key that
 * exists during the whole scan. If a step returns more locks than the page has room for, the next
 * page repeats the step and leaves out the locks that this page showed.
 */
final class LockLister {
  private static final int MAX_SCANNED = 10_000;
  private static final int MIN_STEP = 10;
  private static final int MAX_STEP = 500;

  private final ScriptRunner runner;
  private final LockReader reader;
  private final ListQuery query;
  private final List<String> masters;
  private final Map<LockName, LockState> page = new LinkedHashMap<>();
  private ScanPosition position;
  private int scanned;

  private LockLister(
      ScriptRunner runner, LockReader reader, ListQuery query, List<String> masters) {
    this.runner = runner;
    this.reader = reader;
    this.query = query;
    this.masters = masters;
    this.position =
        query
            .after()
            .map(ScanPosition::fromCursor)
            .orElseGet(() -> ScanPosition.start(masters.get(0)));
    if (!masters.contains(position.master())) {
      throw InvalidValueException.of(
          "page_token", "of a server that is no master any more", "a new listing");
    }
  }

  /**
   * Reads a page.
   *
   * @throws InvalidValueException if the cursor did not come from a page
   */
  static CompletionStage<LockPage> read(ScriptRunner runner, LockReader reader, ListQuery query) {
    query.after().ifPresent(ScanPosition::fromCursor);
    List<String> masters = runner.connections().masters();
    return masters.isEmpty()
        ? CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_UNREACHABLE, "no master of the cluster is known"))
        : new LockLister(runner, reader, query, masters).scanStep();
  }

  private CompletionStage<LockPage> scanStep() {
    int room = query.limit() - page.size();
    int count = Math.max(MIN_STEP, Math.min(MAX_STEP, room * 3 / 4));
    scanned += count;
    ScanArgs arguments = new ScanArgs().limit(count).match(runner.schema().pattern(query.prefix()));
    return runner
        .sendCommandTo(
            position.master(), redis -> redis.scan(ScanCursor.of(position.cursor()), arguments))
        .thenCompose(
            found ->
                reader.describe(newNames(found)).thenCompose(states -> addStates(states, found)));
  }

  private List<LockName> newNames(KeyScanCursor<byte[]> found) {
    Set<LockName> names = new LinkedHashSet<>();
    for (byte[] key : found.getKeys()) {
      reader
          .nameIn(key)
          .filter(name -> name.value().startsWith(query.prefix()))
          .filter(name -> !page.containsKey(name) && !position.hasShown(name))
          .ifPresent(names::add);
    }
    return new ArrayList<>(names);
  }

  private CompletionStage<LockPage> addStates(List<LockState> states, KeyScanCursor<byte[]> found) {
    List<LockName> shown = new ArrayList<>();
    for (LockState state : states) {
      if (state.status() instanceof LockStatus.Free) {
        continue;
      }
      if (page.size() == query.limit()) {
        return finish(Optional.of(position.withShown(shown)));
      }
      page.put(state.lock(), state);
      shown.add(state.lock());
    }
    if (!found.isFinished()) {
      position = ScanPosition.at(position.master(), found.getCursor());
    } else {
      int next = masters.indexOf(position.master()) + 1;
      if (next == masters.size()) {
        return finish(Optional.empty());
      }
      position = ScanPosition.start(masters.get(next));
    }
    boolean isComplete = page.size() == query.limit() || scanned >= MAX_SCANNED;
    return isComplete ? finish(Optional.of(position)) : scanStep();
  }

  private CompletionStage<LockPage> finish(Optional<ScanPosition> next) {
    return CompletableFuture.completedFuture(
        new LockPage(List.copyOf(page.values()), next.map(ScanPosition::toCursor)));
  }
}
