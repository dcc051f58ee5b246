package dev.fencepost.core;

import static dev.fencepost.core.CoordinatorFixture.LOCK;
import static dev.fencepost.core.CoordinatorFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CoordinatorTest {
  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);

  @Test
  void uncontendedPair_isTwoCommands() {
    Grant grant = fixture.grab();
    fixture.finish(fixture.release(grant));
    assertThat(fixture.commands).containsExactly("tryAcquire NONE", "release");
    assertThat(fixture.coordinator.contendedLockCount()).isZero();
  }

  @Test
  void releaseWithWaiter_handsOverInOneCommand() {
    Grant first = fixture.grab();
    PendingAcquire next = fixture.waiter();
    fixture.commands.clear();
    CompletionStage<Release> ended = fixture.release(first);
    Grant second = fixture.grantOf(next);
    assertThat(fixture.finish(ended)).isEqualTo(new Release.Released());
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(fixture.commands).containsExactly("handOver JOIN");
  }

  @Test
  void releaseWhileTheStoreIsFull_endsTheGrantThoughSomebodyWaits() {
    Grant first = fixture.grab();
    PendingAcquire next = fixture.waiter();
    fixture.full = true;
    assertThat(fixture.finish(fixture.release(first))).isEqualTo(new Release.Released());
    assertThat(CoordinatorFixture.isAnswered(next)).isFalse();
    fixture.full = false;
    assertThat(fixture.grantOf(next).token()).isGreaterThan(first.token());
  }

  @Test
  void thousandsOfWaiters_costNoMoreCommandsForAHandOver() {
    Grant holder = fixture.grab();
    List<PendingAcquire> waiters = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      waiters.add(fixture.acquire(fixture.claim(), LONG));
    }
    fixture.time.run(Duration.ofMillis(20));
    fixture.commands.clear();
    for (int i = 0; i < 100; i++) {
      fixture.finish(fixture.release(holder));
      holder = fixture.grantOf(waiters.get(i));
    }
    assertThat(fixture.commands).hasSizeLessThanOrEqualTo(110);
    assertThat(fixture.commands).filteredOn("handOver STAY"::equals).hasSizeGreaterThan(90);
  }

  @Test
  void waiterThatLeft_isPassedOver() {
    Grant holder = fixture.grab();
    PendingAcquire first = fixture.waiter();
    PendingAcquire second = fixture.waiter();
    first.leave();
    fixture.finish(fixture.release(holder));
    assertThat(fixture.grantOf(second).ref().lock()).isEqualTo(LOCK);
    assertThat(CoordinatorFixture.isAnswered(first)).isFalse();
  }

  @Test
  void lastWaiterLeaves_givesUpThePlaceInTheLine() {
    fixture.grab();
    PendingAcquire only = fixture.waiter();
    assertThat(fixture.finish(fixture.coordinator.describe(LOCK)).replicaQueue()).hasSize(1);
    only.leave();
    fixture.time.run(Duration.ofMillis(5));
    assertThat(fixture.finish(fixture.coordinator.describe(LOCK)).replicaQueue()).isEmpty();
    assertThat(fixture.coordinator.waiterCount()).isZero();
  }

  @Test
  void twoCallsOfOneClaim_shareAPlaceAndAGrant() {
    Grant holder = fixture.grab();
    Claim claim = fixture.claim();
    PendingAcquire once = fixture.acquire(claim, LONG);
    PendingAcquire again = fixture.acquire(claim, LONG);
    PendingAcquire other = fixture.waiter();
    once.leave();
    fixture.release(holder);
    assertThat(fixture.grantOf(again).ref().claim()).isEqualTo(claim.id());
    assertThat(CoordinatorFixture.isAnswered(other)).isFalse();
  }

  @Test
  void callThatDoesNotWait_isToldTheHolderAndOvertakesNobody() {
    Grant holder = fixture.grab();
    fixture.waiter();
    fixture.commands.clear();
    AcquireAnswer.NotGranted refusal =
        fixture.refusalOf(fixture.acquire(fixture.claim(), Duration.ZERO));
    assertThat(refusal.reason()).isEqualTo(Reason.BUSY);
    assertThat(refusal.state().orElseThrow().holder().orElseThrow().token())
        .isEqualTo(holder.token());
    assertThat(fixture.commands).containsExactly("describe 1");
  }

  @Test
  void holdersOwnRetry_getsItsGrantThoughOthersWait() {
    Grant holder = fixture.grab();
    fixture.waiter();
    fixture.time.run(Duration.ofSeconds(2));
    PendingAcquire retry = fixture.acquire(CoordinatorFixture.claim(holder.ref().claim()), LONG);
    Grant same = fixture.grantOf(retry);
    assertThat(same.token()).isEqualTo(holder.token());
    assertThat(same.origin()).isEqualTo(Grant.Origin.EXISTING);
  }

  @Test
  void waitThatRunsOut_isAnOrdinaryAnswer() {
    fixture.grab();
    PendingAcquire call = fixture.acquire(fixture.claim(), Duration.ofMillis(300));
    AcquireAnswer.NotGranted refusal = fixture.refusalOf(call);
    assertThat(refusal.reason()).isEqualTo(Reason.TIMED_OUT);
    assertThat(refusal.waited()).isBetween(Duration.ofMillis(300), Duration.ofMillis(310));
    assertThat(refusal.state().orElseThrow().holder()).isPresent();
  }

  @Test
  void releaseWithoutToken_endsTheClaimInTheQueue() {
    fixture.grab();
    Claim claim = fixture.claim();
    PendingAcquire call = fixture.acquire(claim, LONG);
    fixture.time.run(Duration.ofMillis(5));
    CompletionStage<Release> ended =
        fixture.coordinator.release(ReleaseCommand.withdrawal(LOCK, claim.id()), MakerCheck.EXACT);
    assertThat(fixture.refusalOf(call).reason()).isEqualTo(Reason.WITHDRAWN);
    assertThat(fixture.finish(ended)).isEqualTo(new Release.Withdrawn());
  }

  @Test
  void releaseThatMeetsItsAcquireOnTheWay_endsTheGrant() {
    Claim claim = fixture.claim();
    PendingAcquire call = fixture.acquire(claim, Duration.ZERO);
    CompletionStage<Release> ended =
        fixture.coordinator.release(ReleaseCommand.withdrawal(LOCK, claim.id()), MakerCheck.EXACT);
    assertThat(fixture.refusalOf(call).reason()).isEqualTo(Reason.WITHDRAWN);
    assertThat(fixture.finish(ended)).isEqualTo(new Release.Released());
    assertThat(fixture.finish(fixture.coordinator.describe(LOCK)).holder()).isEmpty();
  }

  @Test
  void timeWaitedElsewhere_givesAnEarlierPlaceButNotTheFirst() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grab();
    PendingAcquire oldest = fixture.waiter();
    other.acquire(new AcquireCommand(fixture.claim(), LONG, Duration.ZERO, "tester"));
    fixture.time.run(Duration.ofSeconds(3));
    PendingAcquire newer = fixture.waiter();
    fixture.finish(other.drain());
    PendingAcquire moved = moved(Duration.ofHours(1));
    fixture.finish(fixture.release(holder));
    Grant first = fixture.grantOf(oldest);
    fixture.finish(fixture.release(first));
    fixture.grantOf(moved);
    assertThat(CoordinatorFixture.isAnswered(newer)).isFalse();
  }

  /**
   * No claim has waited elsewhere: this replica would have seen the other one in the replica queue.
   */
  @Test
  void timeThatCannotHaveBeenWaited_givesNoEarlierPlace() {
    Grant holder = fixture.grab();
    PendingAcquire oldest = fixture.waiter();
    PendingAcquire newer = fixture.waiter();
    PendingAcquire liar = moved(Duration.ofHours(1));
    for (PendingAcquire expected : List.of(oldest, newer, liar)) {
      fixture.finish(fixture.release(holder));
      holder = fixture.grantOf(expected);
    }
  }

  /** As after a drain: all claims that waited elsewhere arrive at once, in any order. */
  @Test
  void claimsThatComeToAnEmptyQueue_standInTheOrderInWhichTheyBeganToWait() {
    Grant holder = fixture.grab();
    List<PendingAcquire> calls =
        IntStream.of(20, 10, 15, 25, 30).mapToObj(s -> moved(Duration.ofSeconds(s))).toList();
    // The first to arrive is not overtaken; all others are in order.
    for (int expected : new int[] {0, 4, 3, 2, 1}) {
      fixture.finish(fixture.release(holder));
      holder = fixture.grantOf(calls.get(expected));
    }
  }

  private PendingAcquire moved(Duration waited) {
    return fixture.coordinator.acquire(new AcquireCommand(fixture.claim(), LONG, waited, "tester"));
  }

  @Test
  void drain_sendsWaitersAwayAndRefusesNewClaims() {
    Grant holder = fixture.grab();
    PendingAcquire waiter = fixture.waiter();
    fixture.finish(fixture.coordinator.drain());
    assertThatThrownBy(() -> fixture.finish(waiter.answer())).isInstanceOf(DrainingException.class);
    assertThatThrownBy(() -> fixture.grab()).isInstanceOf(DrainingException.class);
    assertThat(fixture.finish(fixture.coordinator.renew(holder.ref(), MakerCheck.EXACT)))
        .isInstanceOf(Renewal.Renewed.class);
    assertThat(fixture.finish(fixture.release(holder))).isEqualTo(new Release.Released());
  }

  @Test
  void releaseThatCloses_handsOverToNobody() {
    Grant holder = fixture.grab();
    PendingAcquire waiter = fixture.waiter();
    Duration closing = Duration.ofSeconds(3);
    fixture.finish(
        fixture.coordinator.release(
            new ReleaseCommand(
                LOCK, holder.ref().claim(), Optional.of(holder.token()), closing, ""),
            MakerCheck.EXACT));
    fixture.time.run(Duration.ofMillis(2_900));
    assertThat(CoordinatorFixture.isAnswered(waiter)).isFalse();
    fixture.time.run(Duration.ofMillis(200));
    assertThat(CoordinatorFixture.isAnswered(waiter)).isTrue();
  }

  @Test
  void attemptThatFailed_isRepeatedBeforeLong() {
    fixture.failing = 1;
    PendingAcquire call = fixture.acquire(fixture.claim(), LONG);
    fixture.time.run(Duration.ofMillis(200));
    assertThat(CoordinatorFixture.isAnswered(call)).isTrue();
  }

  @Test
  void storeThatIsGoneWhenTheWaitIsOver_isUnavailable() {
    fixture.failing = Integer.MAX_VALUE;
    PendingAcquire call = fixture.acquire(fixture.claim(), Duration.ofSeconds(4));
    fixture.time.run(Duration.ofMillis(3_900));
    assertThat(CoordinatorFixture.isAnswered(call)).isFalse();
    assertThatThrownBy(() -> fixture.finish(call.answer())).isInstanceOf(StoreException.class);
  }

  /** Waiting in slices: a claim that returns at once gets its place back. */
  @Test
  void claimThatTimedOutAndComesAgain_keepsItsPlace() {
    Grant holder = fixture.grab();
    for (int round = 0; round < 5; round++) {
      Claim sliced = fixture.claim();
      PendingAcquire slice = fixture.acquire(sliced, Duration.ofMillis(300));
      fixture.time.run(Duration.ofMillis(5));
      PendingAcquire later = fixture.waiter();
      assertThat(fixture.refusalOf(slice).reason()).isEqualTo(Reason.TIMED_OUT);
      fixture.time.run(Duration.ofMillis(500));
      PendingAcquire next = fixture.acquire(sliced, LONG);
      fixture.finish(fixture.release(holder));
      Grant first = fixture.grantOf(next);
      fixture.finish(fixture.release(first));
      holder = fixture.grantOf(later);
    }
  }

  @Test
  void otherClaimThanTheOneThatTimedOut_goesToTheEnd() {
    Grant holder = fixture.grab();
    PendingAcquire slice = fixture.acquire(fixture.claim(), Duration.ofMillis(300));
    PendingAcquire later = fixture.waiter();
    fixture.refusalOf(slice);
    PendingAcquire other = fixture.acquire(fixture.claim(), LONG);
    fixture.finish(fixture.release(holder));
    fixture.finish(fixture.release(fixture.grantOf(later)));
    fixture.grantOf(other);
  }

  @Test
  void claimThatComesAgainTooLate_goesToTheEnd() {
    Grant holder = fixture.grab();
    Claim sliced = fixture.claim();
    PendingAcquire slice = fixture.acquire(sliced, Duration.ofMillis(300));
    PendingAcquire later = fixture.waiter();
    fixture.refusalOf(slice);
    fixture.time.run(RecentPlaces.KEPT);
    PendingAcquire again = fixture.acquire(sliced, LONG);
    fixture.finish(fixture.release(holder));
    fixture.grantOf(later);
    assertThat(CoordinatorFixture.isAnswered(again)).isFalse();
  }

  /** The replica queue: a slice of the only waiter here must not cost the replica's place. */
  @Test
  void onlyWaiterThatComesAgain_keepsThePlaceOfItsReplica() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grab();
    Claim sliced = fixture.claim();
    PendingAcquire slice = fixture.acquire(sliced, Duration.ofMillis(300));
    fixture.time.run(Duration.ofMillis(5));
    PendingAcquire elsewhere =
        other.acquire(new AcquireCommand(fixture.claim(), LONG, Duration.ZERO, "tester"));
    fixture.refusalOf(slice);
    fixture.time.run(Duration.ofMillis(100));
    PendingAcquire again = fixture.acquire(sliced, LONG);
    fixture.time.run(Duration.ofMillis(5));
    LockCoordinator third = fixture.replica(9, CoordinatorSettings.DEFAULT);
    fixture.finish(third.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(again);
    assertThat(CoordinatorFixture.isAnswered(elsewhere)).isFalse();
  }

  @Test
  void placeThatIsKeptForNobody_isPassedOnWhenItsTurnComes() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grab();
    fixture.refusalOf(fixture.acquire(fixture.claim(), Duration.ofMillis(300)));
    PendingAcquire elsewhere =
        other.acquire(new AcquireCommand(fixture.claim(), LONG, Duration.ZERO, "tester"));
    fixture.time.run(Duration.ofMillis(5));
    long before = fixture.time.nanoTime();
    fixture.finish(other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(elsewhere);
    assertThat(fixture.time.nanoTime() - before).isLessThan(Duration.ofMillis(20).toNanos());
  }

  @Test
  void lookThatFailsUnexpectedly_isNotTheLast() {
    fixture.grab();
    fixture.waiter();
    fixture.commands.clear();
    fixture.wrongLooks = 1;
    fixture.time.run(Duration.ofSeconds(8));
    assertThat(fixture.commands).filteredOn("describe 1"::equals).hasSizeGreaterThan(3);
  }

  @Test
  void inspect_showsHolderAndWaitersInOrder() {
    fixture.grab();
    fixture.waiter();
    fixture.waiter();
    QueuedLockView view = fixture.finish(fixture.coordinator.inspect(LOCK));
    assertThat(view.state().holder()).isPresent();
    assertThat(view.waiterCount()).isEqualTo(2);
    assertThat(view.waiters())
        .extracting(QueuedLockView.WaiterView::position)
        .containsExactly(1, 2);
    assertThat(view.waiters().get(0).waited()).isGreaterThan(view.waiters().get(1).waited());
    assertThat(view.otherReplicasWaiting()).isZero();
  }

  /** Another replica finds only that the grant has ended. */
  @Test
  void lockTakenByForceAndFreedAtOnce_isToldSoByTheReplicaThatDidIt() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grab();
    fixture.finish(
        fixture.coordinator.forceRelease(
            new ForceReleaseCommand(LOCK, "stuck", Optional.empty(), Optional.of(Duration.ZERO))));
    GrantLoss loss = lossOf(fixture.coordinator, holder);
    assertThat(loss.reason()).isEqualTo(LossReason.REVOKED);
    assertThat(loss.detail()).isEqualTo("stuck");
    assertThat(fixture.finish(fixture.release(holder)))
        .isEqualTo(new Release.NotHeld(LossReason.REVOKED));
    assertThat(lossOf(other, holder).reason()).isEqualTo(LossReason.EXPIRED);
    fixture.grab();
    assertThat(lossOf(fixture.coordinator, holder).reason()).isEqualTo(LossReason.SUPERSEDED);
  }

  private GrantLoss lossOf(LockCoordinator replica, Grant grant) {
    return ((Renewal.Lost) fixture.finish(replica.renew(grant.ref(), MakerCheck.EXACT))).loss();
  }

  @Test
  void releaseThroughAnotherReplica_wakesTheFirstInLine() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = fixture.grab();
    PendingAcquire waiter = fixture.waiter();
    long before = fixture.time.nanoTime();
    fixture.finish(other.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(waiter);
    assertThat(fixture.time.nanoTime() - before).isLessThan(Duration.ofMillis(20).toNanos());
  }
}
