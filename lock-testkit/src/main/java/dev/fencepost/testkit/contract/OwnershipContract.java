package dev.fencepost.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo.LeaseTerms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Ownership and its duration: rules 1, 3, 5 and 19. */
abstract class OwnershipContract extends ContractPart {

  OwnershipContract(LockBackendContract suite) {
    super(suite);
  }

  @Test
  void freeLock_isGrantedAsAsked() {
    Claim claim =
        TestClaims.on(newLock(), new Lease(Duration.ofSeconds(30), Duration.ofSeconds(3)));
    Grant grant = a().acquire(claim);
    assertThat(grant.ref().lock()).isEqualTo(claim.lock());
    assertThat(grant.ref().claim()).isEqualTo(claim.id());
    assertThat(grant.lease().ttl())
        .isBetween(claim.lease().ttl(), claim.lease().ttl().plus(a().opened().leases().ttlStep()));
    assertThat(grant.lease().lockDelay()).isGreaterThanOrEqualTo(claim.lease().lockDelay());
    assertThat(grant.mode()).isEqualTo(LockMode.EXCLUSIVE);
    assertThat(grant.origin()).isEqualTo(Grant.Origin.NEW);
  }

  @Test
  void heldLock_isBusyForOthersOnEveryReplica() {
    LockName lock = newLock();
    Grant held = a().acquire(lock);
    for (ContractReplica party : List.of(a(), b(), c())) {
      assertThat(holder(party.busy(lock, QueueIntent.NONE)).token()).isEqualTo(held.token());
    }
    assertStands(held);
  }

  @Test
  void manyClaimsAtOnce_oneIsGranted() {
    for (int round = 0; round < 20; round++) {
      LockName lock = newLock();
      List<CompletionStage<Attempt>> tries = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        tries.add(scene().party(i % 3).backend().tryAcquire(TestClaims.on(lock), QueueIntent.NONE));
      }
      long granted =
          tries.stream()
              .map(ContractReplica::answer)
              .filter(Attempt.Granted.class::isInstance)
              .count();
      assertThat(granted).isEqualTo(1);
    }
  }

  @Test
  void contendedLock_hasOneHolderAtATime() {
    LockName lock = newLock();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger grants = new AtomicInteger();
    ConcurrentWorkers.run(
        6,
        worker -> {
          ContractReplica party = scene().party(worker % 3);
          ConcurrentWorkers.repeat(
              () -> {
                Attempt attempt = party.tryAcquire(TestClaims.on(lock), QueueIntent.NONE);
                if (attempt instanceof Attempt.Granted granted) {
                  grants.incrementAndGet();
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  inside.decrementAndGet();
                  assertReleased(party.release(granted.grant()));
                }
                return grants.get() >= 60;
              });
        });
    assertThat(most).hasValue(1);
  }

  @Test
  void sameClaimAgain_getsTheSameGrantOnEveryReplica() {
    Claim claim = TestClaims.on(newLock());
    Grant first = a().acquire(claim);
    for (ContractReplica party : List.of(a(), b(), c())) {
      Grant again = party.acquire(claim);
      assertThat(again.ref()).isEqualTo(first.ref());
      assertThat(again.origin()).isEqualTo(Grant.Origin.EXISTING);
    }
  }

  @Test
  void sameClaimManyTimesAtOnce_isOneGrant() {
    for (int round = 0; round < 10; round++) {
      Claim claim = TestClaims.on(newLock());
      List<CompletionStage<Attempt>> tries = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        tries.add(scene().party(i % 3).backend().tryAcquire(claim, QueueIntent.JOIN));
      }
      List<FencingToken> tokens =
          tries.stream()
              .map(ContractReplica::answer)
              .map(ContractReplica::granted)
              .map(Grant::token)
              .toList();
      assertThat(tokens).containsOnly(tokens.get(0));
    }
  }

  @Test
  void renewal_countsTheLeaseAnew() {
    Grant renewed = a().acquire(newLock());
    Claim repeated = TestClaims.on(newLock());
    a().acquire(repeated);
    Duration halfASecondLess = TestClaims.LONG.minusMillis(500);
    awaitAfter(
        Duration.ofMillis(500),
        () ->
            remaining(renewed.ref().lock()).compareTo(halfASecondLess) <= 0
                && remaining(repeated.lock()).compareTo(halfASecondLess) <= 0);
    long sent = System.nanoTime();
    Grant answer = b().renewed(renewed);
    assertThat(answer.ref()).isEqualTo(renewed.ref());
    assertThat(answer.origin()).isEqualTo(Grant.Origin.EXISTING);
    assertFullLease(renewed.ref().lock(), sent);
    sent = System.nanoTime();
    b().acquire(repeated);
    assertFullLease(repeated.lock(), sent);
  }

  @Test
  void renewalWithWrongToken_isLostAndChangesNothing() {
    Grant held = a().acquire(newLock());
    assertRefused(TestClaims.withToken(held.ref(), held.token().value() - 1));
    assertRefused(TestClaims.withToken(held.ref(), held.token().value() + 1));
    assertStands(held);
  }

  @Test
  void renewalByStranger_isSupersededAndChangesNothing() {
    Grant held = a().acquire(newLock());
    GrantRef stranger = new GrantRef(held.ref().lock(), TestClaims.newId(), held.token());
    assertThat(a().lost(stranger).reason()).isEqualTo(LossReason.SUPERSEDED);
    assertStands(held);
  }

  @Test
  void renewalOfUnusedLock_isLostAndHoldsNothing() {
    LockName lock = newLock();
    a().lost(new GrantRef(lock, TestClaims.newId(), new FencingToken(1)));
    assertThat(isFree(a().describe(lock))).isTrue();
    a().acquire(lock);
  }

  @Test
  void shortestAndLongestLease_areKeptWithoutWrapping() {
    LeaseTerms terms = a().opened().leases();
    assertThat(terms.minTtl()).isBetween(Lease.MIN_TTL, Lease.MAX_TTL);
    assertThat(terms.maxTtl()).isBetween(terms.minTtl(), Lease.MAX_TTL);
    for (Duration ttl : List.of(terms.minTtl(), terms.maxTtl())) {
      Claim claim = TestClaims.on(newLock(), new Lease(ttl, Lease.MAX_LOCK_DELAY));
      Grant grant = a().acquire(claim);
      assertThat(grant.lease().ttl()).isBetween(ttl, ttl.plus(terms.ttlStep()));
      Duration left = remaining(claim.lock());
      assertThat(left).isBetween(ttl.minusSeconds(2).plusMillis(1), grant.lease().ttl());
      a().renewed(grant);
      assertReleased(a().release(grant));
      assertThat(isFree(a().describe(claim.lock()))).isTrue();
    }
  }

  @Test
  void claimThatWaitedForTheStore_getsAFullLease() {
    LockName lock = newLock();
    a().release(a().acquire(lock));
    StoreUnderTest.Stall stalled = store().stall(lock);
    try {
      CompletionStage<Attempt> waiting =
          b().backend().tryAcquire(TestClaims.on(lock), QueueIntent.NONE);
      store().elapse(Duration.ofMillis(600));
      assertThat(waiting.toCompletableFuture()).isNotDone();
      long ended = System.nanoTime();
      stalled.end();
      ContractReplica.granted(ContractReplica.answer(waiting));
      assertFullLease(lock, ended);
    } finally {
      stalled.end();
    }
  }

  private void assertRefused(GrantRef wrong) {
    assertThat(a().lost(wrong).reason()).isIn(LossReason.SUPERSEDED, LossReason.EXPIRED);
  }

  private Duration remaining(LockName lock) {
    return holder(a().describe(lock)).remainingAtMost();
  }

  /** Asserts that the lease of {@link TestClaims#LONG} was counted from that moment or later. */
  private void assertFullLease(LockName lock, long sinceNanoTime) {
    Duration left = remaining(lock);
    assertThat(left)
        .isGreaterThanOrEqualTo(
            TestClaims.LONG.minus(ContractReplica.since(sinceNanoTime)).minus(TOLERANCE))
        .isLessThanOrEqualTo(TestClaims.LONG.plus(a().opened().leases().ttlStep()));
  }
}
