package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.core.LockChange.Kind;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WatchTest {
  private static final Duration SOON = Duration.ofMillis(10);

  private final CoordinatorFixture fixture = new CoordinatorFixture(CoordinatorSettings.DEFAULT);
  private final AtomicInteger news = new AtomicInteger();

  @Test
  void firstPicture_showsEveryLock() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK, new LockName("unused"));
    assertThat(watch.isSynced()).isFalse();
    assertThat(watch.take()).extracting(LockChange::kind).containsExactly(Kind.STATE, Kind.STATE);
    assertThat(watch.isSynced()).isTrue();
  }

  @Test
  void changeThroughThisReplica_isShownAtOnce() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    watch.take();
    Grant grant = fixture.grab();
    fixture.time.run(SOON);
    assertThat(only(watch.take()).kind()).isEqualTo(Kind.GRANTED);
    fixture.finish(fixture.release(grant));
    fixture.time.run(SOON);
    assertThat(only(watch.take()).kind()).isEqualTo(Kind.RELEASED);
  }

  @Test
  void changeThroughAnotherReplica_isShownWithinTwoSeconds() {
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    watch.take();
    PendingAcquire call =
        other.acquire(new AcquireCommand(fixture.claim(), Duration.ZERO, Duration.ZERO, "b"));
    Grant grant = fixture.grantOf(call);
    fixture.time.run(Duration.ofSeconds(2));
    assertThat(only(watch.take()).state().lastToken()).contains(grant.token());
    fixture.finish(other.release(ReleaseCommand.of(grant.ref()), MakerCheck.EXACT));
    fixture.time.run(Duration.ofSeconds(2));
    assertThat(only(watch.take()).state().holder()).isEmpty();
  }

  @Test
  void lease_thatRanOut_isShownAsExpired() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    fixture.grab();
    fixture.time.run(SOON);
    watch.take();
    fixture.time.run(Duration.ofSeconds(12));
    assertThat(only(watch.take()).kind()).isEqualTo(Kind.EXPIRED);
  }

  @Test
  void forcedRelease_isShownAsRevoked() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    fixture.grab();
    fixture.time.run(SOON);
    watch.take();
    fixture.finish(
        fixture.coordinator.forceRelease(
            new ForceReleaseCommand(
                CoordinatorFixture.LOCK, "stuck", Optional.empty(), Optional.empty())));
    fixture.time.run(SOON);
    LockChange change = only(watch.take());
    assertThat(change.kind()).isEqualTo(Kind.REVOKED);
    assertThat(change.state().freeIn()).isPositive();
  }

  @Test
  void slowReader_findsOneStateForEachLockAndIsToldOnce() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    watch.take();
    news.set(0);
    Grant last = fixture.grab();
    for (int i = 0; i < 50; i++) {
      fixture.finish(fixture.release(last));
      fixture.time.run(SOON);
      last = fixture.grab();
      fixture.time.run(SOON);
    }
    assertThat(news).hasValue(1);
    LockChange merged = only(watch.take());
    assertThat(merged.kind()).isEqualTo(Kind.OTHER);
    assertThat(merged.state().lastToken()).contains(last.token());
  }

  @Test
  void strangersWhoWatchManyLocks_doNotMakeAWatcherLate() {
    CoordinatorFixture slow =
        new CoordinatorFixture(CoordinatorSettings.DEFAULT, Duration.ofMillis(60));
    LockCoordinator other = slow.replica(8, CoordinatorSettings.DEFAULT);
    for (int stranger = 0; stranger < 600; stranger++) {
      List<LockName> names = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        names.add(new LockName("stranger-" + stranger + "/" + i));
      }
      slow.coordinator.watch(names, () -> {});
    }
    LockSubscription watch = slow.coordinator.watch(List.of(CoordinatorFixture.LOCK), () -> {});
    slow.time.run(Duration.ofSeconds(5));
    watch.take();

    for (int i = 0; i < 2; i++) {
      PendingAcquire call =
          other.acquire(new AcquireCommand(slow.claim(), Duration.ZERO, Duration.ZERO, "b"));
      Grant elsewhere = slow.grantOf(call);
      slow.time.run(Duration.ofSeconds(2));
      assertThat(only(watch.take()).state().lastToken()).contains(elsewhere.token());
      slow.finish(other.release(ReleaseCommand.of(elsewhere.ref()), MakerCheck.EXACT));
      slow.time.run(Duration.ofSeconds(2));
      assertThat(only(watch.take()).state().holder()).isEmpty();
    }
    Grant here = slow.grab();
    slow.time.run(Duration.ofMillis(500));
    assertThat(only(watch.take()).state().lastToken()).contains(here.token());
  }

  @Test
  void everyWatchedLock_isLookedAtInEachRound() {
    List<LockName> names = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      names.add(new LockName("lock-" + i));
    }
    LockSubscription watch = watch(names.toArray(LockName[]::new));
    assertThat(watch.take()).hasSize(3_000);
    LockCoordinator other = fixture.replica(8, CoordinatorSettings.DEFAULT);
    for (int i = 0; i < 3_000; i += 500) {
      Claim claim =
          new Claim(
              names.get(i),
              fixture.claim().id(),
              Lease.of(Duration.ofMinutes(1)),
              Claimant.named("elsewhere"));
      fixture.grantOf(other.acquire(new AcquireCommand(claim, Duration.ZERO, Duration.ZERO, "b")));
    }

    fixture.time.run(Duration.ofSeconds(2));

    assertThat(watch.take()).hasSize(6);
    watch.close();
  }

  @Test
  void closedWatch_costsNothing() {
    LockSubscription watch = watch(CoordinatorFixture.LOCK);
    watch.close();
    fixture.time.run(SOON);
    fixture.commands.clear();
    fixture.time.run(Duration.ofSeconds(10));
    assertThat(fixture.commands).isEmpty();
  }

  private LockSubscription watch(LockName... locks) {
    LockSubscription watch = fixture.coordinator.watch(List.of(locks), news::incrementAndGet);
    fixture.time.run(SOON);
    return watch;
  }

  private static LockChange only(List<LockChange> changes) {
    assertThat(changes).hasSize(1);
    return changes.get(0);
  }
}
