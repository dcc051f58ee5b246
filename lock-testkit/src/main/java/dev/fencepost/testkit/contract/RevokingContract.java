package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Ending a grant by force: rule 8. */
abstract class RevokingContract extends ContractPart {

  private static final String REASON = "host is gone; ‘ticket’ 7 \"now\"";
  private static final Duration HOUR = Duration.ofHours(1);

  RevokingContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void revoked_isRefusedWithTheReason() {
    Grant held = a().acquire(newLock());
    Holder former = revoked(b().forceRelease(order(held.ref().lock()))).former();
    assertThat(former.token()).isEqualTo(held.token());
    assertThat(former.claimTag()).isEqualTo(held.ref().claim().tag());
    for (ContractReplica party : new ContractReplica[] {a(), c()}) {
      GrantLoss loss = party.lost(held.ref());
      assertThat(loss.reason()).isEqualTo(LossReason.REVOKED);
      assertThat(loss.detail()).isEqualTo(REASON);
    }
    assertThat(a().release(held)).isEqualTo(new Release.NotHeld(LossReason.REVOKED));
  }

  @Test
  void revoked_staysClosedForTheRestOfLeaseAndDelay() {
    Lease lease = new Lease(Duration.ofSeconds(100), Duration.ofSeconds(20));
    Grant held = a().acquire(TestClaims.on(newLock(), lease));
    b().forceRelease(order(held.ref().lock()));
    a().release(held);
    LockState state = b().busy(held.ref().lock(), QueueIntent.NONE);
    assertThat(closed(state).turn()).isEmpty();
    assertThat(closed(state).revoked()).isEqualTo(REASON);
    assertThat(closed(state).availableIn())
        .isBetween(Duration.ofSeconds(110), Duration.ofSeconds(120).plus(store().expirySlack()));
    ContractReplica.busy(a().tryAcquire(TestClaims.on(held.ref().lock()), QueueIntent.JOIN));
  }

  @Test
  void closingToken_isAboveTheFormerAndBelowTheNext() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    FencingToken closing = revoked(b().forceRelease(order(lock))).closing().orElseThrow();
    assertThat(closing).isGreaterThan(held.token());
    assertThat(b().forceRelease(order(lock, Duration.ZERO))).isEqualTo(new Revocation.NotHeld());
    assertThat(c().acquire(lock).token()).isGreaterThan(closing);
  }

  @Test
  void explicitTime_closesThatLong() {
    Grant held = a().acquire(newLock());
    Revocation.Revoked revoked = revoked(b().forceRelease(order(held.ref().lock(), HOUR)));
    assertThat(revoked.closing().orElseThrow()).isGreaterThan(held.token());
    assertClosedForAnHour(a().busy(held.ref().lock(), QueueIntent.NONE));
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.REVOKED);
  }

  @Test
  void zeroTime_freesAtOnceWithoutClosingToken() {
    Grant held = a().acquire(newLock());
    Revocation.Revoked revoked = revoked(b().forceRelease(order(held.ref().lock(), Duration.ZERO)));
    assertThat(revoked.closing()).isEmpty();
    assertThat(isFree(a().describe(held.ref().lock()))).isTrue();
    // It was not released. The store may have forgotten the revocation.
    for (ContractReplica party : new ContractReplica[] {a(), c()}) {
      assertThat(party.lost(held.ref()).reason()).isEqualTo(LossReason.EXPIRED);
      assertThat(party.release(held)).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    }
    Grant next = c().acquire(held.ref().lock());
    assertThat(next.token()).isGreaterThan(held.token());
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.SUPERSEDED);
    assertStands(next);
  }

  @Test
  void zeroTimeWithALine_givesTheTurnToTheFirst() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    a().forceRelease(order(lock, Duration.ZERO));
    c().busy(lock, QueueIntent.NONE);
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.REVOKED);
    assertThat(a().lost(held.ref()).detail()).isEqualTo(REASON);
    assertThat(b().acquire(lock, QueueIntent.JOIN).token()).isGreaterThan(held.token());
  }

  @Test
  void zeroTimeWhoseTurnIsDeclined_isStillNoRelease() {
    Grant held = a().acquire(newLock());
    LockName lock = held.ref().lock();
    b().busy(lock, QueueIntent.JOIN);
    a().forceRelease(order(lock, Duration.ZERO));
    b().leave(lock);
    assertThat(isFree(c().describe(lock))).isTrue();
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.EXPIRED);
  }

  @Test
  void otherTokenThanExpected_changesNothing() {
    Grant held = a().acquire(newLock());
    Revocation answer = a().forceRelease(expecting(held, held.token().value() + 1));
    assertThat(answer)
        .isInstanceOfSatisfying(
            Revocation.TokenMismatch.class,
            mismatch -> assertThat(mismatch.current().token()).isEqualTo(held.token()));
    assertStands(held);
  }

  @Test
  void expectedToken_isRevoked() {
    Grant held = a().acquire(newLock());
    revoked(a().forceRelease(expecting(held, held.token().value())));
    assertThat(a().lost(held.ref()).reason()).isEqualTo(LossReason.REVOKED);
  }

  @Test
  void nobodyHoldsIt_saysSoAndClosesNothing() {
    LockName used = a().acquire(newLock()).ref().lock();
    a().forceRelease(order(used, Duration.ZERO));
    for (LockName lock : new LockName[] {newLock(), used}) {
      assertThat(a().forceRelease(order(lock))).isEqualTo(new Revocation.NotHeld());
      assertThat(a().forceRelease(order(lock, HOUR))).isEqualTo(new Revocation.NotHeld());
      b().acquire(lock);
    }
  }

  @Test
  void closedLock_keepsItsEndUnlessAnotherIsGiven() {
    LockName lock = a().acquire(newLock()).ref().lock();
    a().forceRelease(order(lock, HOUR));
    assertThat(b().forceRelease(order(lock))).isEqualTo(new Revocation.NotHeld());
    assertClosedForAnHour(b().busy(lock, QueueIntent.NONE));
    assertThat(b().forceRelease(order(lock, Duration.ofMinutes(2))))
        .isEqualTo(new Revocation.NotHeld());
    assertThat(closed(b().busy(lock, QueueIntent.NONE)).availableIn())
        .isBetween(Duration.ofMinutes(1), Duration.ofMinutes(2).plus(store().expirySlack()));
    b().forceRelease(order(lock, HOUR));
    assertClosedForAnHour(b().busy(lock, QueueIntent.NONE));
    b().forceRelease(order(lock, Duration.ZERO));
    b().acquire(lock);
  }

  private static ForceReleaseCommand order(LockName lock) {
    return new ForceReleaseCommand(lock, REASON, Optional.empty(), Optional.empty());
  }

  private static ForceReleaseCommand order(LockName lock, Duration closeFor) {
    return new ForceReleaseCommand(lock, REASON, Optional.empty(), Optional.of(closeFor));
  }

  private static ForceReleaseCommand expecting(Grant held, long token) {
    return new ForceReleaseCommand(
        held.ref().lock(), REASON, Optional.of(new FencingToken(token)), Optional.empty());
  }

  private static Revocation.Revoked revoked(Revocation revocation) {
    assertThat(revocation).isInstanceOf(Revocation.Revoked.class);
    return (Revocation.Revoked) revocation;
  }

  private void assertClosedForAnHour(LockState state) {
    assertThat(closed(state).availableIn())
        .isBetween(HOUR.minusMinutes(5), HOUR.plus(store().expirySlack()));
  }
}
