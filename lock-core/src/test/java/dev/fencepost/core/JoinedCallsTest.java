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
 * Calls that come while a command for their claim is at the store: what that command brings is no
 * answer to them, since its lease may have begun before they were sent (rule 4).
 */
final class JoinedCallsTest {
  private final CoordinatorFixture desk = new CoordinatorFixture(CoordinatorSettings.DEFAULT);

  @Test
  void repeatedAcquire_isAnsweredFromARenewalThatWasSentAfterIt() {
    Claim claim = desk.claim();
    PendingAcquire first = desk.acquire(claim, Duration.ZERO);
    first.leave();
    PendingAcquire repeated = desk.acquire(claim, Duration.ZERO);
    Grant grant = desk.grantOf(repeated);
    assertThat(grant.origin()).isEqualTo(Grant.Origin.EXISTING);
    assertThat(desk.commands).containsExactly("tryAcquire NONE", "renew");
  }

  @Test
  void callThatJoinsTheRenewal_getsOneOfItsOwn() {
    Claim claim = desk.claim();
    List<PendingAcquire> calls = new ArrayList<>();
    // A command takes a millisecond: each comes while that of the one before it is on its way.
    for (int i = 0; i < 3; i++) {
      calls.add(desk.acquire(claim, Duration.ZERO));
      desk.world.run(Duration.ofNanos(900_000));
    }
    calls.forEach(call -> assertThat(desk.grantOf(call).ref().claim()).isEqualTo(claim.id()));
    assertThat(desk.commands).containsExactly("tryAcquire NONE", "renew", "renew");
  }

  @Test
  void callThatJoinsAHandOver_isAnsweredFromARenewal() {
    Grant holder = desk.grab();
    Claim claim = desk.claim();
    PendingAcquire waiter = desk.acquire(claim, CoordinatorFixture.LONG);
    desk.world.run(Duration.ofMillis(5));
    desk.commands.clear();
    desk.release(holder);
    PendingAcquire joined = desk.acquire(claim, CoordinatorFixture.LONG);
    assertThat(desk.grantOf(waiter).origin()).isEqualTo(Grant.Origin.NEW);
    assertThat(desk.grantOf(joined).origin()).isEqualTo(Grant.Origin.EXISTING);
    assertThat(desk.commands).containsExactly("handOver JOIN", "renew");
  }

  @Test
  void callThatJoinsAProbe_isAnsweredFromARenewalOfItsOwn() {
    Grant holder = desk.grab();
    desk.waiter();
    desk.world.run(Duration.ofSeconds(2));
    desk.commands.clear();
    Claim claim = CoordinatorFixture.claim(holder.ref().claim());
    PendingAcquire first = desk.acquire(claim, CoordinatorFixture.LONG);
    PendingAcquire joined = desk.acquire(claim, CoordinatorFixture.LONG);
    desk.grantOf(first);
    desk.grantOf(joined);
    assertThat(desk.commands).filteredOn("renew"::equals).hasSize(2);
  }

  /** The refusal of the first says how the lock stood before the second call came. */
  @Test
  void tryThatJoinsARefusedCommand_isAskedAtTheStoreItself() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grabThrough(other);
    Claim claim = desk.claim();
    PendingAcquire first = desk.acquire(claim, Duration.ZERO);
    CompletionStage<Release> ended = other.release(ReleaseCommand.of(holder.ref()));
    desk.world.run(Duration.ofNanos(900_000));
    PendingAcquire second = desk.acquire(claim, Duration.ZERO);
    assertThat(desk.refusalOf(first).reason()).isEqualTo(Reason.BUSY);
    desk.grantOf(second);
    assertThat(desk.finish(ended)).isEqualTo(new Release.Released());
  }

  @Test
  void freeLockWhoseLineThisReplicaIsLeaving_isGivenToATry() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grabThrough(other);
    PendingAcquire waiter = desk.waiter();
    other.release(ReleaseCommand.of(holder.ref()));
    desk.world.run(Duration.ofNanos(500_000));
    waiter.leave();
    desk.world.run(Duration.ofNanos(700_000));
    desk.grab();
  }

  /** The claim holds the lock by then: "busy" would be a lie that costs a lease. */
  @ParameterizedTest
  @ValueSource(longs = {0, 2})
  void callThatJoined_isToldThatTheOutcomeIsUnknownIfItsRenewalFails(long waitMillis) {
    Claim claim = desk.claim();
    PendingAcquire first = desk.acquire(claim, Duration.ofMillis(waitMillis));
    PendingAcquire joined = desk.acquire(claim, Duration.ofMillis(waitMillis));
    desk.failingRenewals = 1;
    desk.failing = Integer.MAX_VALUE;
    desk.grantOf(first);
    assertThatThrownBy(() -> desk.finish(joined.answer())).isInstanceOf(StoreException.class);
  }

  /** Connections that broke unnoticed: the newest call is the one whose caller still lives. */
  @Test
  void callsOfOneClaim_areBoundedAndTheOldestMakesRoom() {
    Grant holder = desk.grab();
    Claim claim = desk.claim();
    List<PendingAcquire> calls = new ArrayList<>();
    for (int i = 0; i <= Waiter.MOST_CALLS; i++) {
      calls.add(desk.acquire(claim, CoordinatorFixture.LONG));
    }
    PendingAcquire oldest = calls.remove(0);
    assertThatThrownBy(() -> desk.finish(oldest.answer())).isInstanceOf(OverLimitException.class);
    assertThat(calls).noneMatch(CoordinatorFixture::isAnswered);
    assertThat(desk.coordinator.waiterCount()).isEqualTo(Waiter.MOST_CALLS);
    desk.release(holder);
    calls.forEach(call -> assertThat(desk.grantOf(call).ref().claim()).isEqualTo(claim.id()));
    assertThat(desk.coordinator.waiterCount()).isZero();
  }

  @Test
  void callsThatLeave_freeTheirPlacesAtOnce() {
    Claim claim = desk.claim();
    for (int i = 0; i < 5 * Waiter.MOST_CALLS; i++) {
      desk.acquire(claim, CoordinatorFixture.LONG).leave();
    }
    assertThat(desk.grantOf(desk.acquire(claim, CoordinatorFixture.LONG)).ref().claim())
        .isEqualTo(claim.id());
    assertThat(desk.coordinator.waiterCount()).isZero();
  }
}
