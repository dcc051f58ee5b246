package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Releases, and closing afterwards: rules 6 and 7. */
abstract class ReleasingContract extends ContractPart {

  private static final Duration HOUR = Duration.ofHours(1);

  ReleasingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void released_isFreeForOthersAtOnce() {
    Grant former = a().acquire(newLock());
    assertReleased(b().release(former));
    LockState state = a().describe(former.ref().lock());
    assertThat(isFree(state)).isTrue();
    assertThat(c().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
  }

  @Test
  void renewalOfReleased_isLostAndHoldsNothing() {
    Grant former = a().acquire(newLock());
    a().release(former);
    assertThat(a().lost(former.ref()).reason()).isIn(LossReason.RELEASED, LossReason.EXPIRED);
    assertThat(isFree(a().describe(former.ref().lock()))).isTrue();
  }

  @Test
  void repeatedRelease_saysThatNothingHappened() {
    Grant former = a().acquire(newLock());
    a().release(former);
    for (ContractReplica party : List.of(a(), b())) {
      assertNotHeld(party.release(former), LossReason.RELEASED, LossReason.EXPIRED);
    }
  }

  @Test
  void staleRelease_leavesTheNextHolderAlone() {
    Grant former = a().acquire(newLock());
    a().release(former);
    Grant next = b().acquire(former.ref().lock());
    assertNotHeld(a().release(former), LossReason.SUPERSEDED);
    assertThat(a().lost(former.ref()).reason()).isEqualTo(LossReason.SUPERSEDED);
    assertStands(next);
  }

  @Test
  void staleRelease_leavesTheLaterGrantOfTheSameClaimAlone() {
    Claim claim = TestClaims.on(newLock());
    Grant former = a().acquire(claim);
    a().release(former);
    Grant later = a().acquire(claim);
    assertThat(later.origin()).isEqualTo(Grant.Origin.NEW);
    assertThat(later.token()).isGreaterThan(former.token());
    assertThat(a().release(former)).isInstanceOf(Release.NotHeld.class);
    assertStands(later);
  }

  @Test
  void releaseWithWrongToken_changesNothing() {
    Grant held = a().acquire(newLock());
    for (long wrong : new long[] {held.token().value() - 1, held.token().value() + 1}) {
      ReleaseCommand order = ReleaseCommand.of(TestClaims.withToken(held.ref(), wrong));
      assertThat(a().release(order)).isInstanceOf(Release.NotHeld.class);
    }
    assertStands(held);
  }

  @Test
  void releaseByStranger_changesNothing() {
    Grant held = a().acquire(newLock());
    GrantRef stranger = new GrantRef(held.ref().lock(), TestClaims.newId(), held.token());
    assertNotHeld(a().release(ReleaseCommand.of(stranger)), LossReason.SUPERSEDED);
    assertStands(held);
  }

  @Test
  void withdrawalOfHolder_releasesIt() {
    Grant held = a().acquire(newLock());
    assertReleased(b().release(ReleaseCommand.withdrawal(held.ref().lock(), held.ref().claim())));
    assertThat(isFree(a().describe(held.ref().lock()))).isTrue();
  }

  @Test
  void withdrawalOfUnknownClaim_changesNothing() {
    Grant held = a().acquire(newLock());
    for (LockName lock : List.of(held.ref().lock(), newLock())) {
      assertThat(a().release(ReleaseCommand.withdrawal(lock, TestClaims.newId())))
          .isEqualTo(new Release.Withdrawn());
    }
    assertStands(held);
  }

  @Test
  void closedAfterRelease_isBusyForEverybody() {
    Claim claim = TestClaims.on(newLock());
    Grant former = a().acquire(claim);
    b().busy(claim.lock(), QueueIntent.JOIN);
    assertReleased(a().release(closing(former, HOUR)));
    for (ContractReplica party : List.of(a(), b(), c())) {
      assertClosedForAnHour(party.busy(claim.lock(), QueueIntent.NONE));
    }
    ContractReplica.busy(a().tryAcquire(claim, QueueIntent.NONE));
    assertThat(a().release(former)).isInstanceOf(Release.NotHeld.class);
    assertThat(a().lost(former.ref()).reason()).isIn(LossReason.RELEASED, LossReason.EXPIRED);
    assertClosedForAnHour(a().describe(claim.lock()));
  }

  @Test
  void closedLock_outlivesAPurge() {
    Grant former = a().acquire(newLock());
    a().release(closing(former, HOUR));
    store().purgeIdle();
    assertClosedForAnHour(a().busy(former.ref().lock(), QueueIntent.NONE));
  }

  @Test
  void closing_endsByItself() {
    Duration time = Duration.ofSeconds(1);
    Grant former = a().acquire(newLock());
    a().release(closing(former, time));
    assertThat(closed(b().busy(former.ref().lock(), QueueIntent.NONE)).availableIn())
        .isBetween(Duration.ofNanos(1), time.plus(store().expirySlack()));
    awaitAfter(time, () -> isFree(a().describe(former.ref().lock())));
    assertThat(b().acquire(former.ref().lock()).token()).isGreaterThan(former.token());
  }

  private static ReleaseCommand closing(Grant grant, Duration closeFor) {
    GrantRef ref = grant.ref();
    return new ReleaseCommand(
        ref.lock(), ref.claim(), Optional.of(ref.token()), closeFor, ref.principal());
  }

  private static void assertNotHeld(Release release, LossReason... reasons) {
    assertThat(release)
        .isInstanceOfSatisfying(
            Release.NotHeld.class, notHeld -> assertThat(notHeld.reason()).isIn(List.of(reasons)));
  }

  private void assertClosedForAnHour(LockState state) {
    LockStatus.Closed closed = closed(state);
    assertThat(closed.revoked()).isEmpty();
    assertThat(closed.turn()).isEmpty();
    assertThat(closed.availableIn())
        .isBetween(HOUR.minusMinutes(5), HOUR.plus(store().expirySlack()));
  }
}
