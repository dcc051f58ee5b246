package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Calls that arrive while a command for their claim is in flight. The answer of that command does
 * not answer them: its lease may have begun before they were sent (rule 4).
 */
final class JoinedCallsTest {
  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);

  @Test
  void repeatedAcquire_isAnsweredFromARenewalThatWasSentAfterIt() {
    Claim claim = fixture.claim();
    PendingAcquire first = fixture.acquire(claim, Duration.ZERO);
    first.leave();
    PendingAcquire repeated = fixture.acquire(claim, Duration.ZERO);
    Grant grant = fixture.grantOf(repeated);
    assertThat(grant.origin()).isEqualTo(Grant.Origin.EXISTING);
    assertThat(fixture.commands).containsExactly("tryAcquire NONE", "renew");
  }

  @Test
  void callThatJoinsTheRenewal_getsOneOfItsOwn() {
    Claim claim = fixture.claim();
    List<PendingAcquire> calls = new ArrayList<>();
    // A command takes a millisecond: each call arrives while the command of the one before is in
    // flight.
    for (int i = 0; i < 3; i++) {
      calls.add(fixture.acquire(claim, Duration.ZERO));
      fixture.time.run(Duration.ofNanos(900_000));
    }
    calls.forEach(call -> assertThat(fixture.grantOf(call).ref().claim()).isEqualTo(claim.id()));
    assertThat(fixture.commands).containsExactly("tryAcquire NONE", "renew", "renew");
  }

  @Test
  void callThatJoinsAHandOver_isAnsweredFromARenewal() {
    Grant holder = fixture.grab();
    Claim claim = fixture.claim();
    PendingAcquire waiter = fixture.acquire(claim, CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    fixture.commands.clear();
    fixture.release(holder);
    PendingAcquire joined = fixture.acquire(claim, CoordinatorFixture.LONG);
    assertThat(fixture.grantOf(waiter).origin()).isEqualTo(Grant.Origin.NEW);
    assertThat(fixture.grantOf(joined).origin()).isEqualTo(Grant.Origin.EXISTING);
    assertThat(fixture.commands).containsExactly("handOver JOIN", "renew");
  }

  @Test
  void callThatJoinsAProbe_isAnsweredFromARenewalOfItsOwn() {
    Grant holder = fixture.grab();
    fixture.waiter();
    fixture.time.run(Duration.ofSeconds(2));
    fixture.commands.clear();
    Claim claim = CoordinatorFixture.claim(holder.ref().claim());
    PendingAcquire first = fixture.acquire(claim, CoordinatorFixture.LONG);
    PendingAcquire joined = fixture.acquire(claim, CoordinatorFixture.LONG);
    fixture.grantOf(first);
    fixture.grantOf(joined);
    assertThat(fixture.commands).filteredOn("renew"::equals).hasSize(2);
  }

  /** The refusal of the first call shows the lock before the second call arrived. */
  @Test
  void tryThatJoinsARefusedCommand_isAskedAtTheStoreItself() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grabThrough(other);
    Claim claim = fixture.claim();
    PendingAcquire first = fixture.acquire(claim, Duration.ZERO);
    CompletionStage<Release> ended =
        other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT);
    fixture.time.run(Duration.ofNanos(900_000));
    PendingAcquire second = fixture.acquire(claim, Duration.ZERO);
    assertThat(fixture.refusalOf(first).reason()).isEqualTo(Reason.BUSY);
    fixture.grantOf(second);
    assertThat(fixture.finish(ended)).isEqualTo(new Release.Released());
  }

  @Test
  void freeLockWhoseLineThisReplicaIsLeaving_isGivenToATry() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grabThrough(other);
    PendingAcquire waiter = fixture.waiter();
    other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT);
    fixture.time.run(Duration.ofNanos(500_000));
    waiter.leave();
    fixture.time.run(Duration.ofNanos(700_000));
    fixture.grab();
  }

  /** The claim holds the lock by then: "busy" would be wrong and would cost a lease. */
  @ParameterizedTest
  @ValueSource(longs = {0, 2})
  void callThatJoined_isToldThatTheOutcomeIsUnknownIfItsRenewalFails(long waitMillis) {
    Claim claim = fixture.claim();
    PendingAcquire first = fixture.acquire(claim, Duration.ofMillis(waitMillis));
    PendingAcquire joined = fixture.acquire(claim, Duration.ofMillis(waitMillis));
    fixture.failingRenewals = 1;
    fixture.failing = Integer.MAX_VALUE;
    fixture.grantOf(first);
    assertThatThrownBy(() -> fixture.finish(joined.answer())).isInstanceOf(StoreException.class);
  }

  /** Connections broke unnoticed: the newest call is the one with a live caller. */
  @Test
  void callsOfOneClaim_areBoundedAndTheOldestMakesRoom() {
    Grant holder = fixture.grab();
    Claim claim = fixture.claim();
    List<PendingAcquire> calls = new ArrayList<>();
    for (int i = 0; i <= Waiter.MOST_CALLS; i++) {
      calls.add(fixture.acquire(claim, CoordinatorFixture.LONG));
    }
    PendingAcquire oldest = calls.remove(0);
    assertThatThrownBy(() -> fixture.finish(oldest.answer()))
        .isInstanceOf(OverLimitException.class);
    assertThat(calls).noneMatch(CoordinatorFixture::isAnswered);
    assertThat(fixture.coordinator.waiterCount()).isEqualTo(Waiter.MOST_CALLS);
    fixture.release(holder);
    calls.forEach(call -> assertThat(fixture.grantOf(call).ref().claim()).isEqualTo(claim.id()));
    assertThat(fixture.coordinator.waiterCount()).isZero();
  }

  @Test
  void callsThatLeave_freeTheirPlacesAtOnce() {
    Claim claim = fixture.claim();
    for (int i = 0; i < 5 * Waiter.MOST_CALLS; i++) {
      fixture.acquire(claim, CoordinatorFixture.LONG).leave();
    }
    assertThat(fixture.grantOf(fixture.acquire(claim, CoordinatorFixture.LONG)).ref().claim())
        .isEqualTo(claim.id());
    assertThat(fixture.coordinator.waiterCount()).isZero();
  }
}
