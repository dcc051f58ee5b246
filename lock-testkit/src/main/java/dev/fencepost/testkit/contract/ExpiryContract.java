package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Expired leases: rules 1, 2, 5, 6 and 7. All leases expire together before the first test, so that
 * the wait is paid once; each test uses one of them. Tests that purge run last: they remove the
 * records of the others, too.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class ExpiryContract extends ContractPart {

  private static final Duration DELAY = Duration.ofMinutes(5);
  private static final int OF_EACH_KIND = 16;

  private final Deque<Grant> expired = new ArrayDeque<>();
  private final Deque<Grant> delayed = new ArrayDeque<>();

  ExpiryContract(LockBackendContract suite) {
    super(suite);
  }

  @BeforeAll
  final void letLeasesRunOut() {
    for (int i = 0; i < OF_EACH_KIND; i++) {
      expired.add(a().acquire(TestClaims.on(newLock(), Lease.of(Lease.MIN_TTL))));
      delayed.add(a().acquire(TestClaims.on(newLock(), new Lease(Lease.MIN_TTL, DELAY))));
    }
    List<LockName> locks = new ArrayList<>();
    expired.forEach(grant -> locks.add(grant.ref().lock()));
    delayed.forEach(grant -> locks.add(grant.ref().lock()));
    awaitAfter(
        Lease.MIN_TTL,
        () -> a().describe(locks).stream().allMatch(state -> state.holder().isEmpty()));
  }

  @Test
  void expired_isFreeForOthersWithAGreaterToken() {
    Grant former = expired.remove();
    LockState state = b().describe(former.ref().lock());
    assertThat(isFree(state)).isTrue();
    assertThat(b().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
  }

  @Test
  void renewalOfExpired_revivesNothing() {
    Grant former = expired.remove();
    assertThat(a().lost(former.ref()).reason()).isEqualTo(LossReason.EXPIRED);
    assertThat(isFree(a().describe(former.ref().lock()))).isTrue();
    b().acquire(former.ref().lock());
  }

  @Test
  void renewalAfterTheNextGrant_isSuperseded() {
    Grant former = expired.remove();
    Grant next = b().acquire(former.ref().lock());
    assertThat(a().lost(former.ref()).reason()).isEqualTo(LossReason.SUPERSEDED);
    assertStands(next);
  }

  @Test
  void renewalAfterTheNextGrantEnded_isLostAllTheSame() {
    Grant former = expired.remove();
    Grant next = b().acquire(former.ref().lock());
    b().release(next);
    assertThat(a().lost(former.ref()).reason()).isIn(LossReason.EXPIRED, LossReason.RELEASED);
    assertThat(isFree(a().describe(former.ref().lock()))).isTrue();
  }

  @Test
  void releaseOfExpired_saysSo() {
    Grant former = expired.remove();
    assertThat(a().release(former)).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    b().acquire(former.ref().lock());
  }

  @Test
  void releaseAfterTheNextGrant_leavesItAlone() {
    Grant former = expired.remove();
    Grant next = b().acquire(former.ref().lock());
    assertThat(a().release(former)).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertThat(a().release(withdrawal(former))).isEqualTo(new Release.Withdrawn());
    assertStands(next);
  }

  @Test
  void sameClaimAgain_isGrantedAnew() {
    Grant former = expired.remove();
    Grant again = b().acquire(claimOf(former));
    assertThat(again.origin()).isEqualTo(Grant.Origin.NEW);
    assertThat(again.token()).isGreaterThan(former.token());
    a().lost(former.ref());
    assertThat(a().release(former)).isInstanceOf(Release.NotHeld.class);
    assertStands(again);
  }

  @Test
  void forcedReleaseOfExpired_findsNobody() {
    Grant former = expired.remove();
    ForceReleaseCommand order =
        new ForceReleaseCommand(former.ref().lock(), "test", Optional.empty(), Optional.empty());
    assertThat(a().forceRelease(order)).isEqualTo(new Revocation.NotHeld());
    b().acquire(former.ref().lock());
  }

  @Test
  void handOverOfExpired_isAnOrdinaryAttempt() {
    Grant former = expired.remove();
    HandOver both = a().handOver(former, TestClaims.on(former.ref().lock()), QueueIntent.JOIN);
    assertThat(both.ended()).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    assertThat(ContractReplica.granted(both.got()).token()).isGreaterThan(former.token());
  }

  @Test
  void handOverAfterTheNextGrant_isBusyAndStandsInLine() {
    Grant former = expired.remove();
    Grant next = b().acquire(former.ref().lock());
    HandOver both = a().handOver(former, TestClaims.on(former.ref().lock()), QueueIntent.JOIN);
    assertThat(both.ended()).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
    assertThat(ContractReplica.busy(both.got()).replicaQueue()).containsExactly(a().id());
    assertStands(next);
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void tokenAfterPurgeOfExpired_isGreater() {
    Grant former = expired.remove();
    store().purgeIdle();
    assertThat(b().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
  }

  @Test
  void lockDelay_keepsOthersOut() {
    Grant former = delayed.remove();
    for (ContractReplica party : List.of(a(), b())) {
      LockState state = party.busy(former.ref().lock(), QueueIntent.NONE);
      assertThat(closed(state).turn()).isEmpty();
      assertThat(closed(state).availableIn())
          .isBetween(DELAY.minusSeconds(60), DELAY.plus(store().expirySlack()));
    }
    ContractReplica.busy(a().tryAcquire(claimOf(former), QueueIntent.NONE));
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void lockDelay_outlivesAPurge() {
    Grant former = delayed.remove();
    store().purgeIdle();
    b().busy(former.ref().lock(), QueueIntent.NONE);
  }

  @Test
  void renewalInLockDelay_revivesNothing() {
    Grant former = delayed.remove();
    assertThat(a().lost(former.ref()).reason()).isEqualTo(LossReason.EXPIRED);
    closed(a().describe(former.ref().lock()));
  }

  @Test
  void lateRelease_endsTheDelayButSaysThatItExpired() {
    Grant former = delayed.remove();
    assertThat(b().release(former)).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    assertThat(isFree(a().describe(former.ref().lock()))).isTrue();
    assertThat(c().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
  }

  @Test
  void lateReleaseByAnother_leavesTheDelay() {
    Grant former = delayed.remove();
    LockName lock = former.ref().lock();
    a().release(ReleaseCommand.of(TestClaims.withToken(former.ref(), former.token().value() + 1)));
    a().release(ReleaseCommand.withdrawal(lock, TestClaims.newId()));
    b().busy(lock, QueueIntent.NONE);
  }

  @Test
  void lateWithdrawal_endsTheDelay() {
    Grant former = delayed.remove();
    assertThat(b().release(withdrawal(former))).isEqualTo(new Release.Withdrawn());
    c().acquire(former.ref().lock());
  }

  @Test
  void lateReleaseWithALine_givesTheTurnToTheFirst() {
    Grant former = delayed.remove();
    LockName lock = former.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    a().release(former);
    c().busy(lock, QueueIntent.NONE);
    b().acquire(lock, QueueIntent.JOIN);
  }

  @Test
  void lateHandOver_givesTheLockToTheNext() {
    Grant former = delayed.remove();
    HandOver both = a().handOver(former, TestClaims.on(former.ref().lock()), QueueIntent.JOIN);
    assertThat(both.ended()).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    assertThat(both.got()).isInstanceOf(Attempt.Granted.class);
    assertThat(ContractReplica.granted(both.got()).token()).isGreaterThan(former.token());
  }

  @Test
  void lockDelay_doesNotFollowARelease() {
    Grant held = a().acquire(TestClaims.on(newLock(), new Lease(TestClaims.LONG, DELAY)));
    a().release(held);
    b().acquire(held.ref().lock());
  }

  private static ReleaseCommand withdrawal(Grant grant) {
    ClaimId claim = grant.ref().claim();
    return ReleaseCommand.withdrawal(grant.ref().lock(), claim);
  }

  /** Retries the claim of a grant with a lease that does not expire during the test. */
  private static Claim claimOf(Grant grant) {
    Claim like = TestClaims.on(grant.ref().lock());
    return new Claim(like.lock(), grant.ref().claim(), like.lease(), like.claimant());
  }
}
