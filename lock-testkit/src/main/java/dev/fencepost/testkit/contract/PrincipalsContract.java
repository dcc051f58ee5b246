package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Grants belong to the principal that made them: rule 21. */
abstract class PrincipalsContract extends ContractPart {

  private static final String ORDERS = "orders";
  private static final String BILLING = "jwt:corp/billing";
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int AT_ONCE = 40;

  PrincipalsContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void maker_acquiresAgainRenewsAndReleasesOnEveryReplica() {
    Claim claim = TestClaims.madeBy(TestClaims.on(newLock()), ORDERS);
    Grant made = a().acquire(claim);
    assertThat(made.ref().principal()).isEqualTo(ORDERS);
    assertThat(holder(b().describe(claim.lock())).claimant().principal()).isEqualTo(ORDERS);
    for (ContractReplica party : List.of(a(), b(), c())) {
      assertThat(party.acquire(claim).ref()).isEqualTo(made.ref());
      assertThat(party.renewed(made).ref()).isEqualTo(made.ref());
    }
    assertReleased(c().release(made));
  }

  @Test
  void acquireWithAnothersClaim_isForeignAndChangesNothing() {
    Claim claim = TestClaims.madeBy(TestClaims.on(newLock()), ORDERS);
    Grant made = a().acquire(claim);
    for (QueueIntent intent : List.of(QueueIntent.NONE, QueueIntent.JOIN, QueueIntent.STAY)) {
      for (ContractReplica party : List.of(a(), b())) {
        assertThat(party.tryAcquire(TestClaims.madeBy(claim, BILLING), intent))
            .isEqualTo(new Attempt.ForeignClaim(makerOf(made)));
      }
    }
    assertThat(c().describe(claim.lock()).replicaQueue()).isEmpty();
    assertStandsFor(made);
  }

  @Test
  void renewalOfAnothersGrant_isForeignAndChangesNothing() {
    Grant made = grantOf(ORDERS);
    for (String other : List.of(BILLING, "")) {
      for (ContractReplica party : List.of(a(), b())) {
        assertThat(party.renew(made.ref().madeBy(other)))
            .isEqualTo(new Renewal.ForeignGrant(makerOf(made)));
      }
    }
    assertStandsFor(made);
  }

  @Test
  void releaseOfAnothersGrant_isForeignAndChangesNothing() {
    Grant made = grantOf(ORDERS);
    GrantRef ref = made.ref();
    b().busy(ref.lock(), QueueIntent.JOIN);
    for (ReleaseCommand order :
        List.of(
            ReleaseCommand.of(ref),
            ReleaseCommand.withdrawal(ref.lock(), ref.claim()),
            new ReleaseCommand(ref.lock(), ref.claim(), Optional.of(ref.token()), HOUR, ""))) {
      for (ContractReplica party : List.of(a(), b())) {
        assertThat(party.release(order.madeBy(BILLING)))
            .isEqualTo(new Release.ForeignRelease(makerOf(made)));
      }
    }
    assertThat(c().describe(ref.lock()).replicaQueue()).containsExactly(b().id());
    assertStandsFor(made);
  }

  @Test
  void releaseOfAnothersGrantInTheLockDelay_endsNoDelay() {
    Lease delayed = new Lease(Lease.MIN_TTL, Lease.MAX_LOCK_DELAY);
    Claim claim = TestClaims.madeBy(TestClaims.on(newLock(), delayed), ORDERS);
    Grant made = a().acquire(claim);
    awaitAfter(made.lease().ttl(), () -> a().describe(claim.lock()).holder().isEmpty());
    assertThat(b().release(ReleaseCommand.of(made.ref().madeBy(BILLING))))
        .isEqualTo(new Release.ForeignRelease(makerOf(made)));
    assertThat(isFree(b().describe(claim.lock()))).isFalse();
    assertThat(b().release(made)).isEqualTo(new Release.NotHeld(LossReason.EXPIRED));
    assertThat(isFree(b().describe(claim.lock()))).isTrue();
  }

  @Test
  void handOverOfAnothersGrant_isForeignAndAnOrdinaryAttempt() {
    Grant made = grantOf(ORDERS);
    LockName lock = made.ref().lock();
    Claim next = TestClaims.madeBy(TestClaims.on(lock), BILLING);
    for (QueueIntent intent : List.of(QueueIntent.JOIN, QueueIntent.STAY, QueueIntent.YIELD)) {
      HandOver both =
          ContractReplica.answer(a().backend().handOver(made.ref().madeBy(BILLING), next, intent));
      assertThat(both.ended()).isEqualTo(new Release.ForeignRelease(makerOf(made)));
      assertThat(holder(ContractReplica.busy(both.got())).token()).isEqualTo(made.token());
    }
    assertThat(b().describe(lock).replicaQueue()).containsExactly(a().id());
    assertStandsFor(made);
  }

  @Test
  void handOverToAnotherPrincipal_makesAGrantOfItsOwn() {
    Grant made = grantOf(ORDERS);
    Claim next = TestClaims.madeBy(TestClaims.on(made.ref().lock()), BILLING);
    HandOver both = a().handOver(made, next, QueueIntent.JOIN);
    assertReleased(both.ended());
    Grant got = ContractReplica.granted(both.got());
    assertThat(got.ref().principal()).isEqualTo(BILLING);
    assertThat(b().renew(got.ref().madeBy(ORDERS)))
        .isEqualTo(new Renewal.ForeignGrant(makerOf(got)));
    assertStandsFor(got);
  }

  @Test
  void wrongClaimOrToken_tellsNothingOfThePrincipal() {
    Grant made = grantOf(ORDERS);
    GrantRef ref = made.ref().madeBy(BILLING);
    GrantRef otherClaim = new GrantRef(ref.lock(), TestClaims.newId(), ref.token(), BILLING);
    for (GrantRef wrong :
        List.of(otherClaim, TestClaims.withToken(ref, made.token().value() - 1))) {
      assertThat(a().renew(wrong)).isInstanceOf(Renewal.Lost.class);
      assertThat(a().release(ReleaseCommand.of(wrong))).isInstanceOf(Release.NotHeld.class);
    }
    assertThat(a().release(ReleaseCommand.withdrawal(ref.lock(), otherClaim.claim())))
        .isEqualTo(new Release.Withdrawn());
    assertStandsFor(made);
  }

  @Test
  void grantWithoutPrincipal_isForeignToOthersAndRenewedByItsEmptyName() {
    Grant old = grantOf("");
    GrantRef named = old.ref().madeBy(BILLING);
    assertThat(b().renew(named)).isEqualTo(new Renewal.ForeignGrant(makerOf(old)));
    assertThat(b().release(ReleaseCommand.of(named)))
        .isEqualTo(new Release.ForeignRelease(makerOf(old)));
    assertStandsFor(old);
    assertReleased(b().release(old));
  }

  @Test
  void withdrawalAfterTheNextGrantOfTheId_isForeign() {
    Claim claim = TestClaims.madeBy(TestClaims.on(newLock()), ORDERS);
    Grant former = a().acquire(claim);
    assertReleased(a().release(former));
    Grant next = b().acquire(TestClaims.madeBy(claim, BILLING));
    assertThat(next.origin()).isEqualTo(Grant.Origin.NEW);
    ReleaseCommand late =
        ReleaseCommand.withdrawal(claim.lock(), claim.id()).madeBy(former.ref().principal());
    assertThat(a().release(late)).isEqualTo(new Release.ForeignRelease(makerOf(next)));
    assertStandsFor(next);
  }

  @Test
  void renewalsAtOnce_areJudgedOneByOne() {
    List<Grant> made = grantsOfTwo();
    List<CompletionStage<Renewal>> renewals = new ArrayList<>();
    made.forEach(grant -> renewals.add(a().backend().renew(grant.ref().madeBy(ORDERS))));
    for (int i = 0; i < AT_ONCE; i++) {
      Renewal renewal = ContractReplica.answer(renewals.get(i));
      if (i % 2 == 0) {
        assertThat(renewal).isInstanceOf(Renewal.Renewed.class);
      } else {
        assertThat(renewal).isEqualTo(new Renewal.ForeignGrant(makerOf(made.get(i))));
      }
    }
  }

  @Test
  void releasesAtOnce_areJudgedOneByOne() {
    List<Grant> made = grantsOfTwo();
    List<CompletionStage<Release>> releases = new ArrayList<>();
    for (Grant grant : made) {
      ReleaseCommand order = ReleaseCommand.of(grant.ref()).madeBy(ORDERS);
      releases.add(a().backend().release(order));
    }
    for (int i = 0; i < AT_ONCE; i++) {
      Release release = ContractReplica.answer(releases.get(i));
      if (i % 2 == 0) {
        assertReleased(release);
      } else {
        assertThat(release).isEqualTo(new Release.ForeignRelease(makerOf(made.get(i))));
        assertStandsFor(made.get(i));
      }
    }
  }

  @Test
  void principals_areComparedByteForByte() {
    List<String> names =
        List.of(
            "a",
            "A",
            "a ",
            " a",
            "ab",
            "",
            "1:a",
            "a:1",
            "a%00",
            "a%",
            "\u00e9",
            "e\u0301",
            "\ud83d\udd12",
            "jwt:corp/a",
            "x".repeat(256),
            "x".repeat(255));
    for (String maker : names) {
      Grant made = grantOf(maker);
      Claim claim = TestClaims.madeBy(TestClaims.on(made.ref().lock()), maker);
      for (String other : names) {
        if (!other.equals(maker)) {
          GrantRef foreign = made.ref().madeBy(other);
          assertThat(a().renew(foreign)).isEqualTo(new Renewal.ForeignGrant(makerOf(made)));
          assertThat(a().release(ReleaseCommand.of(foreign)))
              .isEqualTo(new Release.ForeignRelease(makerOf(made)));
          Claim replayed =
              new Claim(
                  claim.lock(),
                  made.ref().claim(),
                  claim.lease(),
                  TestClaims.madeBy(claim, other).claimant());
          assertThat(a().tryAcquire(replayed, QueueIntent.NONE))
              .isEqualTo(new Attempt.ForeignClaim(makerOf(made)));
        }
      }
      assertThat(a().renewed(made).ref()).isEqualTo(made.ref());
      assertReleased(a().release(made));
    }
  }

  private Grant grantOf(String principal) {
    return a().acquire(TestClaims.madeBy(TestClaims.on(newLock()), principal));
  }

  private List<Grant> grantsOfTwo() {
    List<Grant> made = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      made.add(grantOf(i % 2 == 0 ? ORDERS : BILLING));
    }
    return made;
  }

  private void assertStandsFor(Grant grant) {
    assertStands(grant);
    assertThat(holder(b().describe(grant.ref().lock())).claimant().principal())
        .isEqualTo(grant.ref().principal());
  }

  private static OtherPrincipal makerOf(Grant grant) {
    return new OtherPrincipal(grant.ref().principal(), grant.token());
  }
}
