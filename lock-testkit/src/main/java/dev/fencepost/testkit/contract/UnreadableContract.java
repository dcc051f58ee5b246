package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.contract.StoreUnderTest.Damage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Records that this version cannot read, damaged ones and those of a later version: rule 21. Each
 * affects one lock, with one clear error; other locks are not affected. A record under the name of
 * no lock affects none.
 */
abstract class UnreadableContract extends ContractPart {

  private static final int OTHERS = 40;

  UnreadableContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void garbage_isRefusedByName() {
    assertRefusedByName(Damage.GARBAGE);
  }

  @Test
  void laterFormat_isRefusedByName() {
    assertRefusedByName(Damage.LATER_FORMAT);
  }

  @Test
  void unknownMode_isRefusedByName() {
    assertRefusedByName(Damage.UNKNOWN_MODE);
  }

  @Test
  void laterFormat_isNeverTakenOver() {
    Grant grant = spoiled(newLock(), Damage.LATER_FORMAT);
    LockName lock = grant.ref().lock();
    for (QueueIntent line : List.of(QueueIntent.NONE, QueueIntent.JOIN, QueueIntent.STAY)) {
      assertUnreadable(lock, () -> b().tryAcquire(TestClaims.on(lock), line));
      assertUnreadable(lock, () -> c().tryAcquire(TestClaims.on(lock), line));
    }
    assertUnreadable(lock, () -> c().handOver(grant, TestClaims.on(lock), QueueIntent.JOIN));
  }

  @Test
  void unreadable_isLeftOutOfBatchesAndLists() {
    String prefix = scene().newText() + "/";
    List<LockName> readable = new ArrayList<>();
    List<LockName> asked = new ArrayList<>();
    for (Damage damage : Damage.values()) {
      LockName before = a().acquire(new LockName(prefix + damage + "/a")).ref().lock();
      LockName bad = spoiled(new LockName(prefix + damage + "/b"), damage).ref().lock();
      LockName after = a().acquire(new LockName(prefix + damage + "/c")).ref().lock();
      readable.addAll(List.of(before, after));
      asked.addAll(List.of(before, bad, after));
    }
    assertThat(b().describe(asked)).extracting(LockState::lock).isEqualTo(readable);
    for (int limit : new int[] {1, 2, 100}) {
      assertThat(b().listAll(prefix, limit))
          .extracting(LockState::lock)
          .containsExactlyInAnyOrderElementsOf(readable);
    }
    for (LockName lock : asked) {
      int found = readable.contains(lock) ? 1 : 0;
      assertThat(b().describe(List.of(lock))).hasSize(found);
    }
  }

  @Test
  void recordUnderTheNameOfNoLock_isLeftOutOfLists() {
    String prefix = scene().newText() + "/";
    List<LockName> locks = new ArrayList<>();
    for (String ending : List.of("\u0001", "\u00ff", "a\u0080", "\u0000z")) {
      // In ISO 8859-1 two of these endings are no UTF-8.
      byte[] name = (prefix + locks.size() + "/b" + ending).getBytes(StandardCharsets.ISO_8859_1);
      LockName before = a().acquire(new LockName(prefix + locks.size() + "/a")).ref().lock();
      LockName moved = a().acquire(new LockName(prefix + locks.size() + "/b")).ref().lock();
      LockName after = a().acquire(new LockName(prefix + locks.size() + "/c")).ref().lock();
      store().misname(moved, name);
      locks.addAll(List.of(before, after));
    }
    LockName last = a().acquire(new LockName(prefix + "z")).ref().lock();
    store().misname(last, (prefix + "z\u0001").getBytes(StandardCharsets.UTF_8));
    store().purgeIdle();
    for (int limit : new int[] {1, 2, 3, 100}) {
      assertThat(b().listAll(prefix, limit))
          .extracting(LockState::lock)
          .as("locks in pages of %s", limit)
          .containsExactlyInAnyOrderElementsOf(locks);
    }
    assertThat(b().listAll("", 100)).extracting(LockState::lock).containsAll(locks);
  }

  @Test
  void others_goOnUndisturbed() {
    List<Grant> bad = new ArrayList<>();
    for (Damage damage : Damage.values()) {
      bad.add(spoiled(newLock(), damage));
    }
    List<Grant> good = new ArrayList<>();
    for (int i = 0; i < OTHERS; i++) {
      good.add(a().acquire(newLock()));
    }
    // All at once, so that those of one kind travel together.
    assertAnswered(renewals(mixed(bad, good)), bad.size(), Renewal.Renewed.class);
    assertAnswered(attempts(mixed(bad, good)), bad.size(), Attempt.Busy.class);
    assertAnswered(releases(mixed(bad, good)), bad.size(), Release.Released.class);
  }

  private void assertRefusedByName(Damage damage) {
    Grant grant = spoiled(newLock(), damage);
    LockName lock = grant.ref().lock();
    assertUnreadable(lock, () -> b().tryAcquire(TestClaims.on(lock), QueueIntent.NONE));
    assertUnreadable(lock, () -> b().tryAcquire(TestClaims.on(lock), QueueIntent.JOIN));
    assertUnreadable(lock, () -> b().renew(grant.ref()));
    assertUnreadable(lock, () -> b().release(ReleaseCommand.of(grant.ref())));
    assertUnreadable(lock, () -> b().release(closing(grant)));
    assertThat(b().describe(List.of(lock))).isEmpty();
  }

  private static ReleaseCommand closing(Grant grant) {
    return new ReleaseCommand(
        grant.ref().lock(),
        grant.ref().claim(),
        Optional.of(grant.token()),
        Duration.ofHours(1),
        grant.ref().principal());
  }

  private Grant spoiled(LockName lock, Damage damage) {
    Grant grant = a().acquire(lock);
    store().spoil(lock, damage);
    return grant;
  }

  private List<CompletionStage<?>> renewals(List<GrantRef> grants) {
    return asked(grants, grant -> b().backend().renew(grant));
  }

  private List<CompletionStage<?>> attempts(List<GrantRef> grants) {
    return asked(
        grants, grant -> b().backend().tryAcquire(TestClaims.on(grant.lock()), QueueIntent.NONE));
  }

  private List<CompletionStage<?>> releases(List<GrantRef> grants) {
    return asked(grants, grant -> b().backend().release(ReleaseCommand.of(grant)));
  }

  private static List<CompletionStage<?>> asked(
      List<GrantRef> grants, Function<GrantRef, CompletionStage<?>> ask) {
    List<CompletionStage<?>> stages = new ArrayList<>();
    grants.forEach(grant -> stages.add(ask.apply(grant)));
    return stages;
  }

  /** The bad ones first. */
  private static List<GrantRef> mixed(List<Grant> bad, List<Grant> good) {
    List<GrantRef> all = new ArrayList<>();
    bad.forEach(grant -> all.add(grant.ref()));
    good.forEach(grant -> all.add(grant.ref()));
    return all;
  }

  private static void assertAnswered(
      List<CompletionStage<?>> stages, int unreadable, Class<?> answer) {
    for (int i = 0; i < stages.size(); i++) {
      CompletionStage<?> stage = stages.get(i);
      if (i < unreadable) {
        assertThat(catchThrowable(() -> ContractReplica.answer(stage)))
            .isInstanceOfSatisfying(
                StoreException.class,
                e -> assertThat(e.failure()).isEqualTo(Failure.RECORD_UNREADABLE));
      } else {
        assertThat((Object) ContractReplica.answer(stage)).isInstanceOf(answer);
      }
    }
  }

  private static void assertUnreadable(LockName lock, ThrowingCallable call) {
    assertThat(catchThrowable(call))
        .as("the answer about a record that cannot be read")
        .isInstanceOfSatisfying(
            StoreException.class,
            e -> {
              assertThat(e.failure()).isEqualTo(Failure.RECORD_UNREADABLE);
              assertThat(e).hasMessageContaining("\"" + lock + "\"");
            });
  }
}
