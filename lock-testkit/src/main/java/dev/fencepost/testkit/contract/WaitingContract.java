package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.record.LockRecord;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The replica queue and its turns: rules 10, 11 and 13. */
abstract class WaitingContract extends ContractPart {

  WaitingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void busy_standsInLineIfAskedTo() {
    LockName lock = a().acquire(newLock()).ref().lock();
    assertThat(b().busy(lock, QueueIntent.NONE).replicaQueue()).isEmpty();
    assertThat(b().busy(lock, QueueIntent.JOIN).replicaQueue()).containsExactly(b().id());
    assertThat(c().busy(lock, QueueIntent.STAY).replicaQueue()).containsExactly(b().id(), c().id());
    assertThat(a().describe(lock).replicaQueue()).containsExactly(b().id(), c().id());
  }

  @Test
  void busyAgain_keepsItsPlace() {
    LockName lock = a().acquire(newLock()).ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    for (QueueIntent line :
        new QueueIntent[] {QueueIntent.NONE, QueueIntent.JOIN, QueueIntent.STAY}) {
      assertThat(b().busy(lock, line).replicaQueue()).containsExactly(b().id(), c().id());
    }
  }

  @Test
  void release_givesTheTurnToTheFirstInLine() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    assertReleased(a().release(held));
    LockState state = a().describe(lock);
    assertTurnOf(b(), state);
    assertThat(closed(state).availableIn())
        .isLessThanOrEqualTo(LockRecord.TURN.plus(store().expirySlack()));
    assertThat(state.replicaQueue()).containsExactly(c().id());
    a().busy(lock, QueueIntent.NONE);
    assertThat(c().busy(lock, QueueIntent.JOIN).replicaQueue()).containsExactly(c().id());
    assertThat(b().acquire(lock, QueueIntent.JOIN).token()).isGreaterThan(held.token());
    assertThat(a().describe(lock).replicaQueue()).containsExactly(c().id());
  }

  @Test
  void turns_goRoundInOrder() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    ContractReplica[] order = {b(), c(), b(), c()};
    for (ContractReplica next : order) {
      (next == b() ? c() : b()).release(held);
      assertTurnOf(next, a().describe(lock));
      held = next.acquire(lock, QueueIntent.STAY);
    }
    assertThat(a().describe(lock).replicaQueue()).containsExactly(b().id(), c().id());
  }

  @Test
  void grantedWithoutStaying_givesUpItsPlace() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    b().busy(lock, QueueIntent.JOIN);
    a().release(held);
    Grant next = b().acquire(lock, QueueIntent.NONE);
    assertThat(a().describe(lock).replicaQueue()).isEmpty();
    b().release(next);
    assertThat(isFree(a().describe(lock))).isTrue();
  }

  @Test
  void grantedAtOnce_standsInLineOnlyToStay() {
    LockName lock = newLock();
    Grant held = a().acquire(lock, QueueIntent.JOIN);
    assertThat(b().describe(lock).replicaQueue()).isEmpty();
    a().release(held);
    a().acquire(lock, QueueIntent.STAY);
    assertThat(b().describe(lock).replicaQueue()).containsExactly(a().id());
  }

  @Test
  void turnNotTaken_isStruckOut() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    a().release(held);
    Claim claim = TestClaims.on(lock);
    awaitAfter(
        LockRecord.TURN, () -> c().tryAcquire(claim, QueueIntent.JOIN) instanceof Attempt.Granted);
    assertThat(a().describe(lock).replicaQueue()).isEmpty();
    b().busy(lock, QueueIntent.NONE);
  }

  @Test
  void lastTurnNotTaken_isFreeForAll() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    a().release(held);
    awaitAfter(LockRecord.TURN, () -> isFree(a().describe(lock)));
    assertThat(a().describe(lock).replicaQueue()).isEmpty();
    c().acquire(lock);
  }

  @Test
  void leaver_isOutOfTheLine() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    a().leave(lock);
    assertThat(a().describe(lock).replicaQueue()).containsExactly(b().id(), c().id());
    b().leave(lock);
    assertThat(a().describe(lock).replicaQueue()).containsExactly(c().id());
    assertStands(held);
    a().release(held);
    assertTurnOf(c(), a().describe(lock));
  }

  @Test
  void leaverWithTheTurn_passesItOn() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    a().release(held);
    a().leave(lock);
    assertTurnOf(b(), a().describe(lock));
    b().leave(lock);
    LockState state = a().describe(lock);
    assertTurnOf(c(), state);
    assertThat(state.replicaQueue()).isEmpty();
    a().busy(lock, QueueIntent.NONE);
    c().leave(lock);
    assertThat(isFree(a().describe(lock))).isTrue();
    a().acquire(lock);
  }

  @Test
  void leavingAnUnusedLock_doesNothing() {
    LockName lock = newLock();
    a().leave(lock);
    assertThat(isFree(a().describe(lock))).isTrue();
  }

  @Test
  void turn_isToldToThatReplicaAlone() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    a().release(held);
    assertTold(b(), lock);
    Grant next = b().acquire(lock, QueueIntent.JOIN);
    assertThat(c().wakes().of(lock)).isZero();
    b().release(next);
    assertTold(c(), lock);
    assertThat(a().wakes().of(lock)).isZero();
  }

  @Test
  void turnPassedOnByALeaver_isTold() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    a().release(held);
    b().leave(lock);
    assertTold(c(), lock);
  }

  @Test
  void joinAndReleaseAtOnce_loseNoTurn() {
    for (int round = 0; round < 100; round++) {
      LockName lock = newLock();
      Grant held = a().acquire(lock);
      Claim claim = TestClaims.on(lock);
      CompletionStage<Attempt> joining = b().backend().tryAcquire(claim, QueueIntent.JOIN);
      assertReleased(a().release(held));
      if (ContractReplica.answer(joining) instanceof Attempt.Busy) {
        assertThat(a().describe(lock).replicaQueue()).isEmpty();
        assertTold(b(), lock);
        ContractReplica.granted(b().tryAcquire(claim, QueueIntent.JOIN));
      }
    }
  }

  @Test
  void renewalAndRetry_leaveTheLineAlone() {
    Claim claim = TestClaims.on(newLock());
    Grant held = a().acquire(claim);
    b().busy(claim.lock(), QueueIntent.JOIN);
    a().renewed(held);
    c().acquire(claim);
    assertThat(a().describe(claim.lock()).replicaQueue()).containsExactly(b().id());
  }

  private static void assertTurnOf(ContractReplica party, LockState state) {
    assertThat(state.status()).isInstanceOf(LockStatus.Closed.class);
    assertThat(closed(state).turn()).contains(party.id());
    assertThat(state.takeableBy(party.id())).isTrue();
  }

  /** Waits until the replica is notified of its turn, or sees it in a read. */
  private void assertTold(ContractReplica party, LockName lock) {
    if (store().wakesByNotification()) {
      awaitSoon(() -> party.wakes().of(lock) > 0);
    } else {
      assertTurnOf(party, party.describe(lock));
    }
  }
}
