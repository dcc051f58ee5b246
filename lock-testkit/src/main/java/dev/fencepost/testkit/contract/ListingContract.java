package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Pages of locks: rule 22. */
abstract class ListingContract extends ContractPart {

  private static final int ALL = ListQuery.MAX_LIMIT;

  ListingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void list_showsWhatIsHeldClosedOrWaitedFor() {
    String prefix = scene().newText() + "/";
    LockName held = take(prefix + "held").ref().lock();
    Grant closing = take(prefix + "closed");
    a().release(
            new ReleaseCommand(
                closing.ref().lock(),
                closing.ref().claim(),
                Optional.of(closing.token()),
                Duration.ofHours(1),
                closing.ref().principal()));
    Grant released = take(prefix + "released");
    a().release(released);
    Grant turn = take(prefix + "turn");
    b().busy(turn.ref().lock(), QueueIntent.JOIN);
    a().release(turn);
    b().acquire(turn.ref().lock(), QueueIntent.STAY);
    List<LockState> listed = c().listAll(prefix, ALL);
    assertThat(listed)
        .extracting(LockState::lock)
        .containsExactlyInAnyOrder(held, closing.ref().lock(), turn.ref().lock());
    for (LockState state : listed) {
      LockState described = c().describe(state.lock());
      assertThat(state.status()).hasSameClassAs(described.status());
      assertThat(state.replicaQueue()).isEqualTo(described.replicaQueue());
      assertThat(state.lastToken()).isEqualTo(described.lastToken());
      assertThat(state.holder().map(holder -> holder.claimTag()))
          .isEqualTo(described.holder().map(holder -> holder.claimTag()));
    }
  }

  @Test
  void pages_addUpToAll() {
    String prefix = scene().newText() + "/";
    List<LockName> taken = new ArrayList<>();
    for (int i = 0; i < 23; i++) {
      taken.add(take(prefix + i).ref().lock());
    }
    for (int limit : new int[] {1, 5, 23, ALL}) {
      assertThat(b().listAll(prefix, limit))
          .extracting(LockState::lock)
          .containsExactlyInAnyOrderElementsOf(taken);
    }
  }

  @Test
  void prefix_isPlainText() {
    String base = scene().newText();
    List<String> endings =
        List.of(
            "%", "%a", "_", "_a", "/", "/a", "a", "ab", "A", "Ab", "*", "[a]", "\\", "\\%", "ä");
    endings.forEach(ending -> take(base + ending));
    for (String prefix : endings) {
      assertThat(b().listAll(base + prefix, 2))
          .extracting(state -> state.lock().value().substring(base.length()))
          .as("names that begin with %s", prefix)
          .containsExactlyInAnyOrderElementsOf(
              endings.stream().filter(ending -> ending.startsWith(prefix)).toList());
    }
    assertThat(b().listAll(base + "nothing", ALL)).isEmpty();
  }

  @Test
  void emptyPrefix_listsEverything() {
    LockName lock = take(scene().newText()).ref().lock();
    assertThat(b().listAll("", ALL)).extracting(LockState::lock).contains(lock);
  }

  @Test
  void lockHeldThroughout_appearsAmidChanges() {
    String prefix = scene().newText() + "/";
    Set<LockName> held = new HashSet<>();
    for (int i = 0; i < 20; i += 2) {
      held.add(take(prefix + (char) ('a' + i)).ref().lock());
    }
    AtomicBoolean over = new AtomicBoolean();
    ConcurrentWorkers.run(
        2,
        worker -> {
          if (worker == 0) {
            ConcurrentWorkers.repeat(() -> over.get() || comeAndGo(prefix));
            return;
          }
          try {
            for (int i = 0; i < 10; i++) {
              assertThat(b().listAll(prefix, 3)).extracting(LockState::lock).containsAll(held);
            }
          } finally {
            over.set(true);
          }
        });
  }

  @Test
  void foreignCursor_isRefused() {
    Cursor foreign = new Cursor("\u0000 no page ended here \u0000");
    assertThatThrownBy(() -> a().list(new ListQuery("", Optional.of(foreign), 10)))
        .isInstanceOf(InvalidValueException.class);
  }

  private Grant take(String name) {
    return a().acquire(new LockName(name));
  }

  private boolean comeAndGo(String prefix) {
    for (int i = 1; i < 20; i += 2) {
      c().release(c().acquire(new LockName(prefix + (char) ('a' + i))));
    }
    return false;
  }
}
