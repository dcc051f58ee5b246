package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.core.simulation.ForwardingBackend;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockMode;
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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Places in a lock's replica queue that no waiter of their replica needs any more. */
final class AbandonedPlacesTest {
  private static final Duration AT_ONCE = Duration.ofMillis(20);

  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final Tampered[] way = new Tampered[1];
  private final LockCoordinator replica =
      fixture.replica(8, CoordinatorSettings.DEFAULT, sound -> way[0] = new Tampered(sound));

  /** The store executes an attempt long after the replica gave it up and left the replica queue. */
  @Test
  void attemptThatIsCarriedOutLate_costsTheOthersOneTurnThatIsDeclinedAtOnce() {
    Grant holder = fixture.grab();
    way[0].late = true;
    PendingAcquire gone = acquire(CoordinatorFixture.LONG);
    fixture.time.run(Duration.ofMillis(5));
    gone.leave();
    fixture.time.run(Duration.ofSeconds(1));
    assertThat(line()).isEmpty();
    way[0].goOn();
    fixture.time.run(Duration.ofMillis(5));
    assertThat(line()).containsExactly(ReplicaId.of(8));
    assertThat(replica.contendedLockCount()).isZero();
    LockCoordinator third = fixture.replica(9, CoordinatorSettings.DEFAULT);
    PendingAcquire next = third.acquire(order(fixture.claim(), CoordinatorFixture.LONG));
    fixture.time.run(Duration.ofMillis(5));
    long before = fixture.time.nanoTime();
    fixture.finish(fixture.release(holder));
    fixture.grantOf(next);
    assertThat(fixture.time.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
    assertThat(line()).isEmpty();
  }

  /**
   * The answer to the poll was held up: it shows the replica queue before this replica joined it.
   */
  @Test
  void oldLook_doesNotHideThePlaceOfThisReplica() {
    fixture.grab();
    way[0].fails = true;
    way[0].holdsLook = true;
    PendingAcquire slice = acquire(Duration.ofSeconds(5));
    fixture.time.run(Duration.ofMillis(1_700));
    way[0].fails = false;
    assertThat(fixture.refusalOf(slice).reason()).isEqualTo(Reason.TIMED_OUT);
    assertThat(line()).containsExactly(ReplicaId.of(8));
    way[0].goOn();
    fixture.time.run(RecentPlaces.KEPT.plusMillis(100));
    assertThat(line()).isEmpty();
    assertThat(replica.contendedLockCount()).isZero();
  }

  /** A claim cannot return to a replica that drains. */
  @Test
  void drain_leavesTheLinesInWhichPlacesAreKeptForTimedOutClaims() {
    fixture.grab();
    assertThat(fixture.refusalOf(acquire(Duration.ofMillis(300))).reason())
        .isEqualTo(Reason.TIMED_OUT);
    assertThat(line()).containsExactly(ReplicaId.of(8));
    fixture.finish(replica.drain());
    fixture.time.run(Duration.ofMillis(5));
    assertThat(line()).isEmpty();
  }

  /** The turn comes while the answer to the executed leave is still in flight. */
  @Test
  void turnThatComesWhileTheReplicaLeaves_isDeclinedAtOnce() {
    Grant holder = fixture.grab();
    way[0].late = true;
    PendingAcquire gone = acquire(CoordinatorFixture.LONG);
    Runnable lateAttempt = way[0].held;
    way[0].holdsLeave = true;
    gone.leave();
    fixture.time.run(Duration.ofMillis(5));
    lateAttempt.run();
    fixture.time.run(Duration.ofMillis(5));
    LockCoordinator third = fixture.replica(9, CoordinatorSettings.DEFAULT);
    PendingAcquire next = third.acquire(order(fixture.claim(), CoordinatorFixture.LONG));
    fixture.time.run(Duration.ofMillis(5));
    fixture.finish(fixture.release(holder));
    fixture.time.run(Duration.ofMillis(5));
    assertThat(CoordinatorFixture.isAnswered(next)).isFalse();
    long before = fixture.time.nanoTime();
    way[0].goOn();
    fixture.grantOf(next);
    assertThat(fixture.time.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
  }

  @Test
  void claimThatComesAgainWithoutWaiting_doesNotHoldUpThoseBehindIt() {
    Grant holder = fixture.grabThrough(replica);
    Claim restless = fixture.claim();
    for (int round = 0; round < 20; round++) {
      PendingAcquire moment = replica.acquire(order(restless, Duration.ofMillis(1)));
      PendingAcquire other = acquire(CoordinatorFixture.LONG);
      fixture.refusalOf(moment);
      fixture.time.run(Duration.ofMillis(2_900));
      long before = fixture.time.nanoTime();
      fixture.finish(replica.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
      holder = fixture.grantOf(other);
      assertThat(fixture.time.nanoTime() - before).isLessThan(AT_ONCE.toNanos());
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
    LockCoordinator small = fixture.replica(9, two);
    Grant holder = fixture.grabThrough(small);
    Claim sliced = fixture.claim();
    PendingAcquire slice = small.acquire(order(sliced, Duration.ofMillis(300)));
    fixture.time.run(Duration.ofMillis(5));
    PendingAcquire later = small.acquire(order(fixture.claim(), CoordinatorFixture.LONG));
    fixture.refusalOf(slice);
    PendingAcquire filling = small.acquire(order(fixture.claim(), CoordinatorFixture.LONG));
    fixture.time.run(Duration.ofMillis(5));
    PendingAcquire refused = small.acquire(order(sliced, CoordinatorFixture.LONG));
    assertThatThrownBy(() -> fixture.finish(refused.answer()))
        .isInstanceOf(OverLimitException.class);
    filling.leave();
    PendingAcquire again = small.acquire(order(sliced, CoordinatorFixture.LONG));
    fixture.finish(small.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(again);
    assertThat(CoordinatorFixture.isAnswered(later)).isFalse();
  }

  @Test
  void placeOfAClaim_isNotTakenByAnotherPrincipalWithItsId() {
    Grant holder = fixture.grabThrough(replica);
    Claim sliced = fixture.claim();
    PendingAcquire slice = replica.acquire(order(sliced, Duration.ofMillis(300)));
    fixture.time.run(Duration.ofMillis(5));
    PendingAcquire later = replica.acquire(order(fixture.claim(), CoordinatorFixture.LONG));
    fixture.refusalOf(slice);
    Claimant other = new Claimant("tester", "billing", LockMode.EXCLUSIVE, Map.of());
    Claim replayed = new Claim(sliced.lock(), sliced.id(), sliced.lease(), other);
    PendingAcquire overtaking = replica.acquire(order(replayed, CoordinatorFixture.LONG));
    fixture.time.run(Duration.ofMillis(5));
    fixture.finish(replica.release(ReleaseCommand.of(holder.ref()), MakerCheck.EXACT));
    fixture.grantOf(later);
    assertThat(CoordinatorFixture.isAnswered(overtaking)).isFalse();
  }

  private PendingAcquire acquire(Duration maxWait) {
    return replica.acquire(order(fixture.claim(), maxWait));
  }

  private static AcquireCommand order(Claim claim, Duration maxWait) {
    return new AcquireCommand(claim, maxWait, Duration.ZERO, "tester");
  }

  private List<ReplicaId> line() {
    return fixture.finish(fixture.coordinator.describe(CoordinatorFixture.LOCK)).replicaQueue();
  }

  /** Holds up selected commands. */
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
    public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
      if (late) {
        late = false;
        held = () -> super.tryAcquire(claim, intent);
      } else if (!fails) {
        return super.tryAcquire(claim, intent);
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

    /** Executes the held command, or delivers its answer. */
    void goOn() {
      held.run();
    }
  }
}
