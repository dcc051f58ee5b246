package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Passing a lock from one claim to the next in one step: rules 2, 10 and 13. */
abstract class HandingOverContract extends ContractPart {

  HandingOverContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void handOver_endsOneGrantAndMakesTheNext() {
    Grant former = a().acquire(newLock());
    Claim next =
        TestClaims.on(
            former.ref().lock(), new Lease(Duration.ofSeconds(40), Duration.ofSeconds(1)));
    HandOver both = a().handOver(former, next, QueueIntent.JOIN);
    assertReleased(both.ended());
    Grant got = ContractReplica.granted(both.got());
    assertThat(got.token()).isGreaterThan(former.token());
    assertThat(got.ref().claim()).isEqualTo(next.id());
    assertThat(got.origin()).isEqualTo(Grant.Origin.NEW);
    assertThat(got.lease().ttl()).isGreaterThanOrEqualTo(next.lease().ttl());
    assertThat(holder(b().describe(next.lock())).claimTag()).isEqualTo(next.id().tag());
    assertThat(a().lost(former.ref()).reason()).isEqualTo(LossReason.SUPERSEDED);
    assertThat(a().release(former)).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertStands(got);
  }

  @Test
  void repeatedHandOver_findsTheSameGrant() {
    Grant former = a().acquire(newLock());
    Claim next = TestClaims.on(former.ref().lock());
    Grant got = ContractReplica.granted(a().handOver(former, next, QueueIntent.JOIN).got());
    HandOver again = a().handOver(former, next, QueueIntent.JOIN);
    assertThat(again.ended()).isInstanceOf(Release.NotHeld.class);
    assertThat(ContractReplica.granted(again.got()).ref()).isEqualTo(got.ref());
    assertThat(ContractReplica.granted(again.got()).origin()).isEqualTo(Grant.Origin.EXISTING);
  }

  @Test
  void handOverOfAnothersGrant_isBusy() {
    Grant standing = b().acquire(newLock());
    Grant stale =
        new Grant(
            TestClaims.withToken(standing.ref(), standing.token().value() - 1),
            standing.lease(),
            standing.mode(),
            standing.origin());
    HandOver both = a().handOver(stale, TestClaims.on(standing.ref().lock()), QueueIntent.JOIN);
    assertThat(both.ended()).isInstanceOf(Release.NotHeld.class);
    assertThat(both.got()).isInstanceOf(Attempt.Busy.class);
    assertStands(standing);
  }

  @Test
  void handOverAfterRelease_isAnOrdinaryAttempt() {
    Grant former = a().acquire(newLock());
    a().release(former);
    HandOver both = a().handOver(former, TestClaims.on(former.ref().lock()), QueueIntent.JOIN);
    assertThat(both.ended()).isInstanceOf(Release.NotHeld.class);
    assertThat(ContractReplica.granted(both.got()).token()).isGreaterThan(former.token());
  }

  @Test
  void lastWaiter_givesUpThePlace() {
    LockName lock = newLock();
    Grant held = a().acquire(lock, QueueIntent.STAY);
    b().busy(lock, QueueIntent.JOIN);
    assertThat(b().describe(lock).replicaQueue()).containsExactly(a().id(), b().id());
    ContractReplica.granted(a().handOver(held, TestClaims.on(lock), QueueIntent.JOIN).got());
    assertThat(b().describe(lock).replicaQueue()).containsExactly(b().id());
  }

  @Test
  void moreWaiters_keepThePlaceOrGetTheLast() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    b().busy(lock, QueueIntent.JOIN);
    held = ContractReplica.granted(a().handOver(held, TestClaims.on(lock), QueueIntent.STAY).got());
    assertThat(b().describe(lock).replicaQueue()).containsExactly(b().id(), a().id());
    c().busy(lock, QueueIntent.JOIN);
    ContractReplica.granted(a().handOver(held, TestClaims.on(lock), QueueIntent.STAY).got());
    assertThat(b().describe(lock).replicaQueue()).containsExactly(b().id(), a().id(), c().id());
  }

  @Test
  void yield_givesTheTurnToTheFirstOfTheOthers() {
    LockName lock = newLock();
    Grant held = a().acquire(lock, QueueIntent.STAY);
    b().busy(lock, QueueIntent.JOIN);
    c().busy(lock, QueueIntent.JOIN);
    Claim next = TestClaims.on(lock);
    HandOver both = a().handOver(held, next, QueueIntent.YIELD);
    assertReleased(both.ended());
    LockState state = ContractReplica.busy(both.got());
    assertThat(closed(state).turn()).contains(b().id());
    assertThat(state.replicaQueue()).containsExactly(c().id(), a().id());
    ContractReplica.busy(a().tryAcquire(next, QueueIntent.STAY));
    Grant got = b().acquire(lock, QueueIntent.JOIN);
    if (store().wakesByNotification()) {
      awaitSoon(() -> b().wakes().of(lock) > 0);
    }
    assertThat(got.token()).isGreaterThan(held.token());
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.SUPERSEDED);
  }

  @Test
  void yieldWithNobodyElseInLine_keepsTheLock() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    held =
        ContractReplica.granted(a().handOver(held, TestClaims.on(lock), QueueIntent.YIELD).got());
    assertThat(b().describe(lock).replicaQueue()).containsExactly(a().id());
    Grant again =
        ContractReplica.granted(a().handOver(held, TestClaims.on(lock), QueueIntent.YIELD).got());
    assertThat(b().describe(lock).replicaQueue()).containsExactly(a().id());
    assertStands(again);
  }

  @Test
  void newcomers_neverSlipInBetween() {
    LockName lock = newLock();
    AtomicBoolean over = new AtomicBoolean();
    ConcurrentWorkers.run(
        3,
        worker -> {
          if (worker == 0) {
            try {
              passOn(lock, 150);
            } finally {
              over.set(true);
            }
          } else {
            ConcurrentWorkers.repeat(
                () -> over.get() || trySlippingIn(scene().party(worker), lock));
          }
        });
  }

  private void passOn(LockName lock, int times) {
    Grant held = a().acquire(lock);
    for (int i = 0; i < times; i++) {
      HandOver both = a().handOver(held, TestClaims.on(lock), QueueIntent.JOIN);
      assertReleased(both.ended());
      Grant next = ContractReplica.granted(both.got());
      assertThat(next.token()).isGreaterThan(held.token());
      held = next;
    }
    assertStands(held);
  }

  private static boolean trySlippingIn(ContractReplica newcomer, LockName lock) {
    LockState seen = newcomer.describe(lock);
    if (seen.lastToken().isPresent()) {
      assertThat(isFree(seen)).as("free between two holders").isFalse();
      ContractReplica.busy(newcomer.tryAcquire(TestClaims.on(lock), QueueIntent.NONE));
    }
    return false;
  }
}
