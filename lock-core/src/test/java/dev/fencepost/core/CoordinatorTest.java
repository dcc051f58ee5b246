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
  private final CoordinatorFixture desk = new CoordinatorFixture(CoordinatorSettings.DEFAULT);

  @Test
  void uncontendedPair_isTwoCommands() {
    Grant grant = desk.grab();
    desk.finish(desk.release(grant));
    assertThat(desk.commands).containsExactly("tryAcquire NONE", "release");
    assertThat(desk.coordinator.contendedLockCount()).isZero();
  }

  @Test
  void releaseWithWaiter_handsOverInOneCommand() {
    Grant first = desk.grab();
    PendingAcquire next = desk.waiter();
    desk.commands.clear();
    CompletionStage<Release> ended = desk.release(first);
    Grant second = desk.grantOf(next);
    assertThat(desk.finish(ended)).isEqualTo(new Release.Released());
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(desk.commands).containsExactly("handOver JOIN");
  }

  @Test
  void releaseWhileTheStoreIsFull_endsTheGrantThoughSomebodyWaits() {
    Grant first = desk.grab();
    PendingAcquire next = desk.waiter();
    desk.full = true;
    assertThat(desk.finish(desk.release(first))).isEqualTo(new Release.Released());
    assertThat(CoordinatorFixture.isAnswered(next)).isFalse();
    desk.full = false;
    assertThat(desk.grantOf(next).token()).isGreaterThan(first.token());
  }

  @Test
  void thousandsOfWaiters_costNoMoreCommandsForAHandOver() {
    Grant holder = desk.grab();
    List<PendingAcquire> waiters = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      waiters.add(desk.acquire(desk.claim(), LONG));
    }
    desk.world.run(Duration.ofMillis(20));
    desk.commands.clear();
    for (int i = 0; i < 100; i++) {
      desk.finish(desk.release(holder));
      holder = desk.grantOf(waiters.get(i));
    }
    assertThat(desk.commands).hasSizeLessThanOrEqualTo(110);
    assertThat(desk.commands).filteredOn("handOver STAY"::equals).hasSizeGreaterThan(90);
  }

  @Test
  void waiterThatLeft_isPassedOver() {
    Grant holder = desk.grab();
    PendingAcquire first = desk.waiter();
    PendingAcquire second = desk.waiter();
    first.leave();
    desk.finish(desk.release(holder));
    assertThat(desk.grantOf(second).ref().lock()).isEqualTo(LOCK);
    assertThat(CoordinatorFixture.isAnswered(first)).isFalse();
  }

  @Test
  void lastWaiterLeaves_givesUpThePlaceInTheLine() {
    desk.grab();
    PendingAcquire only = desk.waiter();
    assertThat(desk.finish(desk.coordinator.describe(LOCK)).replicaQueue()).hasSize(1);
    only.leave();
    desk.world.run(Duration.ofMillis(5));
    assertThat(desk.finish(desk.coordinator.describe(LOCK)).replicaQueue()).isEmpty();
    assertThat(desk.coordinator.waiterCount()).isZero();
  }

  @Test
  void twoCallsOfOneClaim_shareAPlaceAndAGrant() {
    Grant holder = desk.grab();
    Claim claim = desk.claim();
    PendingAcquire once = desk.acquire(claim, LONG);
    PendingAcquire again = desk.acquire(claim, LONG);
    PendingAcquire other = desk.waiter();
    once.leave();
    desk.release(holder);
    assertThat(desk.grantOf(again).ref().claim()).isEqualTo(claim.id());
    assertThat(CoordinatorFixture.isAnswered(other)).isFalse();
  }

  @Test
  void callThatDoesNotWait_isToldTheHolderAndOvertakesNobody() {
    Grant holder = desk.grab();
    desk.waiter();
    desk.commands.clear();
    AcquireAnswer.NotGranted refusal = desk.refusalOf(desk.acquire(desk.claim(), Duration.ZERO));
    assertThat(refusal.reason()).isEqualTo(Reason.BUSY);
    assertThat(refusal.state().orElseThrow().holder().orElseThrow().token())
        .isEqualTo(holder.token());
    assertThat(desk.commands).containsExactly("describe 1");
  }

  @Test
  void holdersOwnRetry_getsItsGrantThoughOthersWait() {
    Grant holder = desk.grab();
    desk.waiter();
    desk.world.run(Duration.ofSeconds(2));
    PendingAcquire retry = desk.acquire(CoordinatorFixture.claim(holder.ref().claim()), LONG);
    Grant same = desk.grantOf(retry);
    assertThat(same.token()).isEqualTo(holder.token());
    assertThat(same.origin()).isEqualTo(Grant.Origin.EXISTING);
  }

  @Test
  void waitThatRunsOut_isAnOrdinaryAnswer() {
    desk.grab();
    PendingAcquire call = desk.acquire(desk.claim(), Duration.ofMillis(300));
    AcquireAnswer.NotGranted refusal = desk.refusalOf(call);
    assertThat(refusal.reason()).isEqualTo(Reason.TIMED_OUT);
    assertThat(refusal.waited()).isBetween(Duration.ofMillis(300), Duration.ofMillis(310));
    assertThat(refusal.state().orElseThrow().holder()).isPresent();
  }

  @Test
  void releaseWithoutToken_endsTheClaimInTheQueue() {
    desk.grab();
    Claim claim = desk.claim();
    PendingAcquire call = desk.acquire(claim, LONG);
    desk.world.run(Duration.ofMillis(5));
    CompletionStage<Release> ended =
        desk.coordinator.release(ReleaseCommand.withdrawal(LOCK, claim.id()));
    assertThat(desk.refusalOf(call).reason()).isEqualTo(Reason.WITHDRAWN);
    assertThat(desk.finish(ended)).isEqualTo(new Release.Withdrawn());
  }

  @Test
  void releaseThatMeetsItsAcquireOnTheWay_endsTheGrant() {
    Claim claim = desk.claim();
    PendingAcquire call = desk.acquire(claim, Duration.ZERO);
    CompletionStage<Release> ended =
        desk.coordinator.release(ReleaseCommand.withdrawal(LOCK, claim.id()));
    assertThat(desk.refusalOf(call).reason()).isEqualTo(Reason.WITHDRAWN);
    assertThat(desk.finish(ended)).isEqualTo(new Release.Released());
    assertThat(desk.finish(desk.coordinator.describe(LOCK)).holder()).isEmpty();
  }

  @Test
  void timeWaitedElsewhere_givesAnEarlierPlaceButNotTheFirst() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grab();
    PendingAcquire oldest = desk.waiter();
    other.acquire(new AcquireCommand(desk.claim(), LONG, Duration.ZERO, "tester"));
    desk.world.run(Duration.ofSeconds(3));
    PendingAcquire newer = desk.waiter();
    desk.finish(other.drain());
    PendingAcquire moved = moved(Duration.ofHours(1));
    desk.finish(desk.release(holder));
    Grant first = desk.grantOf(oldest);
    desk.finish(desk.release(first));
    desk.grantOf(moved);
    assertThat(CoordinatorFixture.isAnswered(newer)).isFalse();
  }

  /** Nobody has waited elsewhere, or this replica would have seen it in the line. */
  @Test
  void timeThatCannotHaveBeenWaited_givesNoEarlierPlace() {
    Grant holder = desk.grab();
    PendingAcquire oldest = desk.waiter();
    PendingAcquire newer = desk.waiter();
    PendingAcquire liar = moved(Duration.ofHours(1));
    for (PendingAcquire expected : List.of(oldest, newer, liar)) {
      desk.finish(desk.release(holder));
      holder = desk.grantOf(expected);
    }
  }

  /** As after a drain: all who waited elsewhere come at once, in any order. */
  @Test
  void claimsThatComeToAnEmptyQueue_standInTheOrderInWhichTheyBeganToWait() {
    Grant holder = desk.grab();
    List<PendingAcquire> calls =
        IntStream.of(20, 10, 15, 25, 30).mapToObj(s -> moved(Duration.ofSeconds(s))).toList();
    // The first to come is not overtaken any more; all others are in order.
    for (int expected : new int[] {0, 4, 3, 2, 1}) {
      desk.finish(desk.release(holder));
      holder = desk.grantOf(calls.get(expected));
    }
  }

  private PendingAcquire moved(Duration waited) {
    return desk.coordinator.acquire(new AcquireCommand(desk.claim(), LONG, waited, "tester"));
  }

  @Test
  void drain_sendsWaitersAwayAndRefusesNewClaims() {
    Grant holder = desk.grab();
    PendingAcquire waiter = desk.waiter();
    desk.finish(desk.coordinator.drain());
    assertThatThrownBy(() -> desk.finish(waiter.answer())).isInstanceOf(DrainingException.class);
    assertThatThrownBy(() -> desk.grab()).isInstanceOf(DrainingException.class);
    assertThat(desk.finish(desk.coordinator.renew(holder.ref())))
        .isInstanceOf(Renewal.Renewed.class);
    assertThat(desk.finish(desk.release(holder))).isEqualTo(new Release.Released());
  }

  @Test
  void releaseThatCloses_handsOverToNobody() {
    Grant holder = desk.grab();
    PendingAcquire waiter = desk.waiter();
    Duration closing = Duration.ofSeconds(3);
    desk.finish(
        desk.coordinator.release(
            new ReleaseCommand(LOCK, holder.ref().claim(), Optional.of(holder.token()), closing)));
    desk.world.run(Duration.ofMillis(2_900));
    assertThat(CoordinatorFixture.isAnswered(waiter)).isFalse();
    desk.world.run(Duration.ofMillis(200));
    assertThat(CoordinatorFixture.isAnswered(waiter)).isTrue();
  }

  @Test
  void attemptThatFailed_isRepeatedBeforeLong() {
    desk.failing = 1;
    PendingAcquire call = desk.acquire(desk.claim(), LONG);
    desk.world.run(Duration.ofMillis(200));
    assertThat(CoordinatorFixture.isAnswered(call)).isTrue();
  }

  @Test
  void storeThatIsGoneWhenTheWaitIsOver_isUnavailable() {
    desk.failing = Integer.MAX_VALUE;
    PendingAcquire call = desk.acquire(desk.claim(), Duration.ofSeconds(4));
    desk.world.run(Duration.ofMillis(3_900));
    assertThat(CoordinatorFixture.isAnswered(call)).isFalse();
    assertThatThrownBy(() -> desk.finish(call.answer())).isInstanceOf(StoreException.class);
  }

  /** Waiting in slices: a claim that comes again at once stands where it stood. */
  @Test
  void claimThatTimedOutAndComesAgain_keepsItsPlace() {
    Grant holder = desk.grab();
    for (int round = 0; round < 5; round++) {
      Claim sliced = desk.claim();
      PendingAcquire slice = desk.acquire(sliced, Duration.ofMillis(300));
      desk.world.run(Duration.ofMillis(5));
      PendingAcquire later = desk.waiter();
      assertThat(desk.refusalOf(slice).reason()).isEqualTo(Reason.TIMED_OUT);
      desk.world.run(Duration.ofMillis(500));
      PendingAcquire next = desk.acquire(sliced, LONG);
      desk.finish(desk.release(holder));
      Grant first = desk.grantOf(next);
      desk.finish(desk.release(first));
      holder = desk.grantOf(later);
    }
  }

  @Test
  void otherClaimThanTheOneThatTimedOut_goesToTheEnd() {
    Grant holder = desk.grab();
    PendingAcquire slice = desk.acquire(desk.claim(), Duration.ofMillis(300));
    PendingAcquire later = desk.waiter();
    desk.refusalOf(slice);
    PendingAcquire other = desk.acquire(desk.claim(), LONG);
    desk.finish(desk.release(holder));
    desk.finish(desk.release(desk.grantOf(later)));
    desk.grantOf(other);
  }

  @Test
  void claimThatComesAgainTooLate_goesToTheEnd() {
    Grant holder = desk.grab();
    Claim sliced = desk.claim();
    PendingAcquire slice = desk.acquire(sliced, Duration.ofMillis(300));
    PendingAcquire later = desk.waiter();
    desk.refusalOf(slice);
    desk.world.run(RecentPlaces.KEPT);
    PendingAcquire again = desk.acquire(sliced, LONG);
    desk.finish(desk.release(holder));
    desk.grantOf(later);
    assertThat(CoordinatorFixture.isAnswered(again)).isFalse();
  }

  /** The line among the replicas: the slice of the only waiter here must not cost its place. */
  @Test
  void onlyWaiterThatComesAgain_keepsThePlaceOfItsReplica() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grab();
    Claim sliced = desk.claim();
    PendingAcquire slice = desk.acquire(sliced, Duration.ofMillis(300));
    desk.world.run(Duration.ofMillis(5));
    PendingAcquire elsewhere =
        other.acquire(new AcquireCommand(desk.claim(), LONG, Duration.ZERO, "tester"));
    desk.refusalOf(slice);
    desk.world.run(Duration.ofMillis(100));
    PendingAcquire again = desk.acquire(sliced, LONG);
    desk.world.run(Duration.ofMillis(5));
    LockCoordinator third = desk.replica(9, CoordinatorSettings.DEFAULT);
    desk.finish(third.release(ReleaseCommand.of(holder.ref())));
    desk.grantOf(again);
    assertThat(CoordinatorFixture.isAnswered(elsewhere)).isFalse();
  }

  @Test
  void placeThatIsKeptForNobody_isPassedOnWhenItsTurnComes() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grab();
    desk.refusalOf(desk.acquire(desk.claim(), Duration.ofMillis(300)));
    PendingAcquire elsewhere =
        other.acquire(new AcquireCommand(desk.claim(), LONG, Duration.ZERO, "tester"));
    desk.world.run(Duration.ofMillis(5));
    long before = desk.world.nanoTime();
    desk.finish(other.release(ReleaseCommand.of(holder.ref())));
    desk.grantOf(elsewhere);
    assertThat(desk.world.nanoTime() - before).isLessThan(Duration.ofMillis(20).toNanos());
  }

  @Test
  void lookThatFailsUnexpectedly_isNotTheLast() {
    desk.grab();
    desk.waiter();
    desk.commands.clear();
    desk.wrongLooks = 1;
    desk.world.run(Duration.ofSeconds(8));
    assertThat(desk.commands).filteredOn("describe 1"::equals).hasSizeGreaterThan(3);
  }

  @Test
  void inspect_showsHolderAndWaitersInOrder() {
    desk.grab();
    desk.waiter();
    desk.waiter();
    QueuedLockView view = desk.finish(desk.coordinator.inspect(LOCK));
    assertThat(view.state().holder()).isPresent();
    assertThat(view.waiterCount()).isEqualTo(2);
    assertThat(view.waiters())
        .extracting(QueuedLockView.WaiterView::position)
        .containsExactly(1, 2);
    assertThat(view.waiters().get(0).waited()).isGreaterThan(view.waiters().get(1).waited());
    assertThat(view.otherReplicasWaiting()).isZero();
  }

  /** Another replica finds nothing in the store that tells more than that the grant is over. */
  @Test
  void lockTakenByForceAndFreedAtOnce_isToldSoByTheReplicaThatDidIt() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grab();
    desk.finish(
        desk.coordinator.forceRelease(
            new ForceReleaseCommand(LOCK, "stuck", Optional.empty(), Optional.of(Duration.ZERO))));
    GrantLoss loss = lossOf(desk.coordinator, holder);
    assertThat(loss.reason()).isEqualTo(LossReason.REVOKED);
    assertThat(loss.detail()).isEqualTo("stuck");
    assertThat(desk.finish(desk.release(holder)))
        .isEqualTo(new Release.NotHeld(LossReason.REVOKED));
    assertThat(lossOf(other, holder).reason()).isEqualTo(LossReason.EXPIRED);
    desk.grab();
    assertThat(lossOf(desk.coordinator, holder).reason()).isEqualTo(LossReason.SUPERSEDED);
  }

  private GrantLoss lossOf(LockCoordinator replica, Grant grant) {
    return ((Renewal.Lost) desk.finish(replica.renew(grant.ref()))).loss();
  }

  @Test
  void releaseThroughAnotherReplica_wakesTheFirstInLine() {
    LockCoordinator other = desk.replica(8, CoordinatorSettings.DEFAULT);
    Grant holder = desk.grab();
    PendingAcquire waiter = desk.waiter();
    long before = desk.world.nanoTime();
    desk.finish(other.release(ReleaseCommand.of(holder.ref())));
    desk.grantOf(waiter);
    assertThat(desk.world.nanoTime() - before).isLessThan(Duration.ofMillis(20).toNanos());
  }
}
