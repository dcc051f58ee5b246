package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.core.simulation.ForwardingBackend;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Places in the line of a lock that nobody of their replica wants any more. */
final class AbandonedPlacesTest {
  private static final Duration AT_ONCE = Duration.ofMillis(20);

  private final CoordinatorFixture desk = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final Tampered[] way = new Tampered[1];
  private final LockCoordinator replica =
      desk.replica(8, CoordinatorSettings.DEFAULT, sound -> way[0] = new Tampered(sound));

  /** The store carries out an attempt long after the replica gave it up and left the line. */
  @Test
  void attemptThatIsCarriedOutLate_costsTheOthersOneTurnThatIsDeclinedAtOnce() {
    Grant holder = desk.grab();
    way[0].late = true;
    PendingAcquire gone = acquire(CoordinatorFixture.LONG);
    desk.world.run(Duration.ofMillis(5));
    gone.leave();
    desk.world.run(Duration.ofSeconds(1));
    assertThat(line()).isEmpty();
    way[0].goOn();
    desk.world.run(Duration.ofMillis(5));
    assertThat(line()).containsExactly(ReplicaId.of(8));
    assertThat(replica.contendedLockCount()).isZero();
    LockCoordinator third = desk.replica(9, CoordinatorSettings.DEFAULT);
    PendingAcquire next = third.acquire(order(desk.claim(), CoordinatorFixture.LONG));
    desk.world.run(Duration.ofMillis(5));
    long before = desk.world.nanoTime();
    desk.finish(desk.release(holder));
    desk.grantOf(next);
    assertThat(desk.world.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
    assertThat(line()).isEmpty();
  }

  /** The answer to the look was held up: it shows the line before this replica stood in it. */
  @Test
  void oldLook_doesNotHideThePlaceOfThisReplica() {
    desk.grab();
    way[0].fails = true;
    way[0].holdsLook = true;
    PendingAcquire slice = acquire(Duration.ofSeconds(5));
    desk.world.run(Duration.ofMillis(1_700));
    way[0].fails = false;
    assertThat(desk.refusalOf(slice).reason()).isEqualTo(Reason.TIMED_OUT);
    assertThat(line()).containsExactly(ReplicaId.of(8));
    way[0].goOn();
    desk.world.run(RecentPlaces.KEPT.plusMillis(100));
    assertThat(line()).isEmpty();
    assertThat(replica.contendedLockCount()).isZero();
  }

  /** Nobody can come again to a replica that goes. */
  @Test
  void drain_leavesTheLinesInWhichPlacesAreKeptForTimedOutClaims() {
    desk.grab();
    assertThat(desk.refusalOf(acquire(Duration.ofMillis(300))).reason())
        .isEqualTo(Reason.TIMED_OUT);
    assertThat(line()).containsExactly(ReplicaId.of(8));
    desk.finish(replica.drain());
    desk.world.run(Duration.ofMillis(5));
    assertThat(line()).isEmpty();
  }

  /** The turn comes while the answer to the leaving, carried out before, is still on its way. */
  @Test
  void turnThatComesWhileTheReplicaLeaves_isDeclinedAtOnce() {
    Grant holder = desk.grab();
    way[0].late = true;
    PendingAcquire gone = acquire(CoordinatorFixture.LONG);
    Runnable lateAttempt = way[0].held;
    way[0].holdsLeave = true;
    gone.leave();
    desk.world.run(Duration.ofMillis(5));
    lateAttempt.run();
    desk.world.run(Duration.ofMillis(5));
    LockCoordinator third = desk.replica(9, CoordinatorSettings.DEFAULT);
    PendingAcquire next = third.acquire(order(desk.claim(), CoordinatorFixture.LONG));
    desk.world.run(Duration.ofMillis(5));
    desk.finish(desk.release(holder));
    desk.world.run(Duration.ofMillis(5));
    assertThat(CoordinatorFixture.isAnswered(next)).isFalse();
    long before = desk.world.nanoTime();
    way[0].goOn();
    desk.grantOf(next);
    assertThat(desk.world.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
  }

  @Test
  void claimThatComesAgainWithoutWaiting_doesNotHoldUpThoseBehindIt() {
    Grant holder = desk.grabThrough(replica);
    Claim restless = desk.claim();
    for (int round = 0; round < 20; round++) {
      PendingAcquire moment = replica.acquire(order(restless, Duration.ofMillis(1)));
      PendingAcquire other = acquire(CoordinatorFixture.LONG);
      desk.refusalOf(moment);
      desk.world.run(Duration.ofMillis(2_900));
      long before = desk.world.nanoTime();
      desk.finish(replica.release(ReleaseCommand.of(holder.ref())));
      holder = desk.grantOf(other);
      assertThat(desk.world.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
    }
  }

  /** Being refused for lack of room does not cost the place of a claim that comes again. */
  @Test
  void placeOfAClaimThatComesAgainToAFullQueue_isKept() {
    CoordinatorSettings two =
        new CoordinatorSettings(
            32,
            2,
            CoordinatorSettings.DEFAULT.perClient(),
            CoordinatorSettings.DEFAULT.inAll(),
            Duration.ofSeconds(1));
    LockCoordinator small = desk.replica(9, two);
    Grant holder = desk.grabThrough(small);
    Claim sliced = desk.claim();
    PendingAcquire slice = small.acquire(order(sliced, Duration.ofMillis(300)));
    desk.world.run(Duration.ofMillis(5));
    PendingAcquire later = small.acquire(order(desk.claim(), CoordinatorFixture.LONG));
    desk.refusalOf(slice);
    PendingAcquire filling = small.acquire(order(desk.claim(), CoordinatorFixture.LONG));
    desk.world.run(Duration.ofMillis(5));
    PendingAcquire refused = small.acquire(order(sliced, CoordinatorFixture.LONG));
    assertThatThrownBy(() -> desk.finish(refused.answer())).isInstanceOf(OverLimitException.class);
    filling.leave();
    PendingAcquire again = small.acquire(order(sliced, CoordinatorFixture.LONG));
    desk.finish(small.release(ReleaseCommand.of(holder.ref())));
    desk.grantOf(again);
    assertThat(CoordinatorFixture.isAnswered(later)).isFalse();
  }

  private PendingAcquire acquire(Duration maxWait) {
    return replica.acquire(order(desk.claim(), maxWait));
  }

  private static AcquireCommand order(Claim claim, Duration maxWait) {
    return new AcquireCommand(claim, maxWait, Duration.ZERO, "tester");
  }

  private List<ReplicaId> line() {
    return desk.finish(desk.coordinator.describe(CoordinatorFixture.LOCK)).replicaQueue();
  }

  /** Holds up what it is told to. */
  private static final class Tampered extends ForwardingBackend {
    boolean fails;
    boolean late;
    boolean holdsLook;
    boolean holdsLeave;
    private Runnable held = () -> {};

    Tampered(LockBackend sound) {
      super(sound);
    }

    @Override
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent line) {
      if (late) {
        late = false;
        held = () -> super.tryAcquire(claim, line);
      } else if (!fails) {
        return super.tryAcquire(claim, line);
      }
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_TIMEOUT, "on purpose"));
    }

    @Override
    public CompletionStage<Void> leave(LockName lock) {
      CompletionStage<Void> done = super.leave(lock);
      boolean holds = holdsLeave;
      holdsLeave = false;
      return holds ? held(done) : done;
    }

    @Override
    public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
      CompletionStage<List<LockState>> states = super.describe(locks);
      boolean holds = holdsLook;
      holdsLook = false;
      return holds ? held(states) : states;
    }

    private <T> CompletionStage<T> held(CompletionStage<T> answer) {
      CompletableFuture<Boolean> told = new CompletableFuture<>();
      held = () -> told.complete(true);
      return answer.thenCombine(told, (value, now) -> value);
    }

    /** Carries out what was held up, or answers it. */
    void goOn() {
      held.run();
    }
  }
}
