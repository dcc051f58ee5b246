package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Standing;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.record.LockRecord;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The line of replicas and its turns: rules 10, 11 and 13. */
abstract class WaitingContract extends ContractPart {

  WaitingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void busy_standsInLineIfAskedTo() {
    LockName lock = a().acquire(newLock()).ref().lock();
    assertThat(b().busy(lock, Line.NONE).line()).isEmpty();
    assertThat(b().busy(lock, Line.JOIN).line()).containsExactly(b().id());
    assertThat(c().busy(lock, Line.STAY).line()).containsExactly(b().id(), c().id());
    assertThat(a().describe(lock).line()).containsExactly(b().id(), c().id());
  }

  @Test
  void busyAgain_keepsItsPlace() {
    LockName lock = a().acquire(newLock()).ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    for (Line line : new Line[] {Line.NONE, Line.JOIN, Line.STAY}) {
      assertThat(b().busy(lock, line).line()).containsExactly(b().id(), c().id());
    }
  }

  @Test
  void release_givesTheTurnToTheFirstInLine() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    assertReleased(a().release(held));
    LockState state = a().describe(lock);
    assertTurnOf(b(), state);
    assertThat(closed(state).availableIn())
        .isLessThanOrEqualTo(LockRecord.TURN.plus(store().expirySlack()));
    assertThat(state.line()).containsExactly(c().id());
    a().busy(lock, Line.NONE);
    assertThat(c().busy(lock, Line.JOIN).line()).containsExactly(c().id());
    assertThat(b().acquire(lock, Line.JOIN).token()).isGreaterThan(held.token());
    assertThat(a().describe(lock).line()).containsExactly(c().id());
  }

  @Test
  void turns_goRoundInOrder() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    Party[] order = {b(), c(), b(), c()};
    for (Party next : order) {
      (next == b() ? c() : b()).release(held);
      assertTurnOf(next, a().describe(lock));
      held = next.acquire(lock, Line.STAY);
    }
    assertThat(a().describe(lock).line()).containsExactly(b().id(), c().id());
  }

  @Test
  void grantedWithoutStaying_givesUpItsPlace() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    b().busy(lock, Line.JOIN);
    a().release(held);
    Grant next = b().acquire(lock, Line.NONE);
    assertThat(a().describe(lock).line()).isEmpty();
    b().release(next);
    assertThat(isFree(a().describe(lock))).isTrue();
  }

  @Test
  void grantedAtOnce_standsInLineOnlyToStay() {
    LockName lock = newLock();
    Grant held = a().acquire(lock, Line.JOIN);
    assertThat(b().describe(lock).line()).isEmpty();
    a().release(held);
    a().acquire(lock, Line.STAY);
    assertThat(b().describe(lock).line()).containsExactly(a().id());
  }

  @Test
  void turnNotTaken_isStruckOut() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    a().release(held);
    Claim claim = Claims.on(lock);
    awaitAfter(LockRecord.TURN, () -> c().tryAcquire(claim, Line.JOIN) instanceof Attempt.Granted);
    assertThat(a().describe(lock).line()).isEmpty();
    b().busy(lock, Line.NONE);
  }

  @Test
  void lastTurnNotTaken_isFreeForAll() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    a().release(held);
    awaitAfter(LockRecord.TURN, () -> isFree(a().describe(lock)));
    assertThat(a().describe(lock).line()).isEmpty();
    c().acquire(lock);
  }

  @Test
  void leaver_isOutOfTheLine() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    a().leave(lock);
    assertThat(a().describe(lock).line()).containsExactly(b().id(), c().id());
    b().leave(lock);
    assertThat(a().describe(lock).line()).containsExactly(c().id());
    assertStands(held);
    a().release(held);
    assertTurnOf(c(), a().describe(lock));
  }

  @Test
  void leaverWithTheTurn_passesItOn() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    a().release(held);
    a().leave(lock);
    assertTurnOf(b(), a().describe(lock));
    b().leave(lock);
    LockState state = a().describe(lock);
    assertTurnOf(c(), state);
    assertThat(state.line()).isEmpty();
    a().busy(lock, Line.NONE);
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
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    a().release(held);
    assertTold(b(), lock);
    Grant next = b().acquire(lock, Line.JOIN);
    assertThat(c().wakes().of(lock)).isZero();
    b().release(next);
    assertTold(c(), lock);
    assertThat(a().wakes().of(lock)).isZero();
  }

  @Test
  void turnPassedOnByALeaver_isTold() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, Line.JOIN);
    c().busy(lock, Line.JOIN);
    a().release(held);
    b().leave(lock);
    assertTold(c(), lock);
  }

  @Test
  void joinAndReleaseAtOnce_loseNoTurn() {
    for (int round = 0; round < 100; round++) {
      LockName lock = newLock();
      Grant held = a().acquire(lock);
      Claim claim = Claims.on(lock);
      CompletionStage<Attempt> joining = b().backend().tryAcquire(claim, Line.JOIN);
      assertReleased(a().release(held));
      if (Party.answer(joining) instanceof Attempt.Busy) {
        assertThat(a().describe(lock).line()).isEmpty();
        assertTold(b(), lock);
        Party.granted(b().tryAcquire(claim, Line.JOIN));
      }
    }
  }

  @Test
  void renewalAndRetry_leaveTheLineAlone() {
    Claim claim = Claims.on(newLock());
    Grant held = a().acquire(claim);
    b().busy(claim.lock(), Line.JOIN);
    a().renewed(held);
    c().acquire(claim);
    assertThat(a().describe(claim.lock()).line()).containsExactly(b().id());
  }

  private static void assertTurnOf(Party party, LockState state) {
    assertThat(state.standing()).isInstanceOf(Standing.Closed.class);
    assertThat(closed(state).turn()).contains(party.id());
    assertThat(state.takeableBy(party.id())).isTrue();
  }

  /** The replica is told, or sees its turn when it looks. */
  private void assertTold(Party party, LockName lock) {
    if (store().wakesByNotification()) {
      awaitSoon(() -> party.wakes().of(lock) > 0);
    } else {
      assertTurnOf(party, party.describe(lock));
    }
  }
}
