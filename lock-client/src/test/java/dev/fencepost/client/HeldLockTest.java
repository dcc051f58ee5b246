package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The states and notifications of a handle, with events in any order. */
class HeldLockTest {
  private static final Duration TTL = ClientFixture.TTL;
  private static final Duration VALID = Duration.ofSeconds(9);
  private static final Duration RENEW_AFTER = TTL.dividedBy(3);

  private final ClientFixture fixture = new ClientFixture();
  private final List<GrantLoss> losses = new ArrayList<>();
  private final List<Jeopardy> jeopardies = new ArrayList<>();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void hangingRenewal_doesNotKeepTheDeadlineFromFiring() {
    LockHandle lock = take("a");
    fixture.passAlive(VALID.minusMillis(1));
    assertThat(lock.isHeld()).isTrue();
    assertThat(losses).isEmpty();
    fixture.pass(Duration.ofMillis(21));
    assertThat(losses).singleElement().extracting(GrantLoss::reason).isEqualTo(LossReason.EXPIRED);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(lock.remaining()).isZero();
  }

  @Test
  void stateIsComputedFromTheClock_beforeAnyTimerRuns() {
    LockHandle lock = take("a");
    fixture.time.standStill(VALID.minusNanos(1));
    assertThat(lock.isHeld()).isTrue();
    fixture.time.standStill(Duration.ofNanos(1));
    assertThat(lock.isHeld()).isFalse();
    assertThat(catchThrowableOfType(LockLostException.class, lock::requireHeld).loss().reason())
        .isEqualTo(LossReason.EXPIRED);
    assertThat(losses).hasSize(1);
  }

  @Test
  void lateRenewal_doesNotBringItBack() {
    LockHandle lock = take("a");
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    Operation renew = fixture.stream().next();
    long mark = fixture.stream().mark();
    fixture.time.standStill(VALID.minus(RENEW_AFTER));
    fixture.stream().renew(renew, TTL, mark);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(losses).hasSize(1);

    lock.close();
    assertThat(releases()).as("what may stand yet is given back once its holder stops").hasSize(1);
  }

  @Test
  void overdueRenewal_isJeopardy_untilOneSucceeds() {
    LockHandle lock = take("a");
    fixture.passAlive(Duration.ofSeconds(6));
    assertThat(lock.state()).isEqualTo(LockHandle.State.JEOPARDY);
    assertThat(lock.isHeld()).isTrue();
    assertThat(jeopardies).hasSize(1);
    assertThat(jeopardies.get(0).remaining())
        .isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));

    Operation last = fixture.stream().next();
    while (fixture.stream().newOperations() > 0) {
      last = fixture.stream().next();
    }
    fixture.stream().renew(last, TTL, fixture.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    fixture.passAlive(Duration.ofSeconds(6));
    assertThat(jeopardies).as("reported again").hasSize(2);
  }

  @Test
  void renewalThatFindsItGone_isLost() {
    LockHandle lock = take("a");
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    fixture.stream()
        .lose(fixture.stream().next(), dev.fencepost.proto.v1.LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(losses)
        .singleElement()
        .extracting(GrantLoss::reason)
        .isEqualTo(LossReason.SUPERSEDED);
    assertThat(losses.get(0).lastToken()).isPresent();
    lock.close();
    assertThat(fixture.stream().newOperations()).as("there is nothing to give back").isZero();
  }

  @Test
  void noticeOfLoss_endsTheGrantItNamesOnly() {
    LockHandle lock = take("a");
    tellLost("a", lock.token().value() + 1);
    tellLost("b", lock.token().value());
    assertThat(lock.isHeld()).isTrue();
    tellLost("a", lock.token().value());
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(losses).singleElement().extracting(GrantLoss::detail).isEqualTo("words");
  }

  @Test
  void actionAddedAfterTheLoss_isCalledAtOnce() {
    LockHandle lock = take("a");
    tellLost("a", lock.token().value());
    List<GrantLoss> late = new ArrayList<>();
    lock.onLost(late::add);
    assertThat(late).isEqualTo(losses);
    assertThat(lock.lost()).isCompletedWithValue(losses.get(0));
  }

  @Test
  void release_isRepeatedOnTheNextSession() {
    LockHandle lock = take("a");
    CompletableFuture<Release> released = lock.releaseAsync();
    Operation first = fixture.stream().next();
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));
    Operation second = fixture.stream().next();
    assertThat(second.getRelease()).isEqualTo(first.getRelease());
    fixture.stream().release(second);
    assertThat(released).isCompletedWithValue(new Release.Released());
  }

  @Test
  void release_isGivenUpWhenTheLeaseIsOver() {
    LockHandle lock = take("a");
    CompletableFuture<Release> released = lock.releaseAsync();
    fixture.stream().next();
    fixture.passAlive(TTL.plusMillis(20));
    assertThat(released).isCompletedExceptionally();
  }

  @Test
  void releaseThatComesTooLate_isStillReportedAsALoss() {
    LockHandle lock = take("a");
    lock.close();
    assertThat(lock.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(losses).isEmpty();
    fixture.stream()
        .release(
            fixture.stream().next(),
            ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD,
            dev.fencepost.proto.v1.LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(losses)
        .singleElement()
        .extracting(GrantLoss::reason)
        .isEqualTo(LossReason.SUPERSEDED);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
  }

  @Test
  void minHold_closesTheLockForTheRest() {
    LockHandle lock =
        take(fixture.client.lock("a").withMinHold(Duration.ofSeconds(30)), fixture.stream());
    fixture.pass(Duration.ofSeconds(2));
    lock.close();
    assertThat(ProtoConverter.duration(fixture.stream().next().getRelease().getCloseFor()))
        .isEqualTo(Duration.ofSeconds(28));
  }

  @Test
  void minHold_closesTheLockForTheRest_alsoAfterALossOfItsOwnCount() {
    LockHandle lock =
        take(fixture.client.lock("a").withMinHold(Duration.ofSeconds(30)), fixture.stream());
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    fixture.stream().next();
    fixture.passAlive(TTL);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    while (fixture.stream().newOperations() > 0) {
      fixture.stream().next();
    }

    lock.close();

    Operation release = fixture.stream().next();
    assertThat(release.hasRelease()).isTrue();
    assertThat(ProtoConverter.duration(release.getRelease().getCloseFor()))
        .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(21));
  }

  @Test
  void adoptedGrant_hasTheHoldsOfItsDescription() throws Exception {
    GrantRef grant = take("a").detach();
    FencepostLock lock =
        fixture.client.lock("a").withMinHold(Duration.ofSeconds(30)).withMaxHold(TTL);
    CompletableFuture<LockHandle> adopting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return lock.adopt(grant);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    await().until(() -> fixture.stream().newOperations() > 0);
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    LockHandle adopted = adopting.get(10, TimeUnit.SECONDS);

    fixture.pass(Duration.ofSeconds(2));
    adopted.close();

    assertThat(ProtoConverter.duration(fixture.stream().next().getRelease().getCloseFor()))
        .isEqualTo(Duration.ofSeconds(28));
  }

  @Test
  void maxHold_stopsRenewing() {
    LockHandle lock =
        take(fixture.client.lock("a").withMaxHold(Duration.ofSeconds(5)), fixture.stream());
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    fixture.passAlive(Duration.ofSeconds(8));
    assertThat(fixture.stream().newOperations()).isZero();
    assertThat(jeopardies)
        .singleElement()
        .extracting(Jeopardy::cause)
        .isEqualTo("the longest hold is over");
    fixture.passAlive(Duration.ofSeconds(1));
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
  }

  @Test
  void detachedHandle_isNotRenewed() {
    LockHandle lock = take("a");
    assertThat(lock.detach()).isEqualTo(lock.grant());
    fixture.passAlive(TTL);
    assertThat(fixture.stream().newOperations()).isZero();
    assertThat(lock.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(losses).isEmpty();
    assertThat(catchThrowableOfType(LockLostException.class, lock::detach)).isNotNull();
  }

  private LockHandle take(String name) {
    return take(fixture.client.lock(name), fixture.stream());
  }

  private LockHandle take(FencepostLock lock, FakeStream stream) {
    return fixture.take(lock, stream).onLost(losses::add).onJeopardy(jeopardies::add);
  }

  private void tellLost(String name, long token) {
    fixture.stream()
        .sendNotice(
            Notice.newBuilder()
                .setLost(
                    GrantLost.newBuilder()
                        .setName(name)
                        .setFencingToken(token)
                        .setLost(
                            Lost.newBuilder()
                                .setReason(dev.fencepost.proto.v1.LossReason.LOSS_REASON_REVOKED)
                                .setDetail("words"))));
  }

  private List<Operation> releases() {
    List<Operation> releases = new ArrayList<>();
    while (fixture.stream().newOperations() > 0) {
      Operation next = fixture.stream().next();
      if (next.hasRelease()) {
        releases.add(next);
      }
    }
    return releases;
  }
}
