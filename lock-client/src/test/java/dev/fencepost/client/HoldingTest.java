package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.lock.Loss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantLost;
import dev.fencepost.proto.v1.Lost;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a handle does and says, in whatever order things happen. */
class HoldingTest {
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration TTL = Scene.TTL;
  private static final Duration VALID = Duration.ofSeconds(9);
  private static final Duration RENEW_AFTER = TTL.dividedBy(3);

  private Scene scene = new Scene();
  private final List<Loss> losses = new ArrayList<>();
  private final List<Jeopardy> jeopardies = new ArrayList<>();

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void renewalIsSent_whenItIsDue() {
    LockHandle lock = take("a");
    scene.pass(RENEW_AFTER.multipliedBy(9).dividedBy(10).minusMillis(20));
    assertThat(scene.stream().unseen()).isZero();
    scene.pass(RENEW_AFTER.dividedBy(10).plusMillis(20));
    Operation renew = scene.stream().next();
    assertThat(renew.getRenew().getGrant().getFencingToken()).isEqualTo(lock.token().value());
    scene.stream().renew(renew, TTL, scene.stream().mark());
    assertThat(lock.remaining()).isGreaterThan(VALID.minusMillis(200));
  }

  @Test
  void hangingRenewal_doesNotKeepTheDeadlineFromFiring() {
    LockHandle lock = take("a");
    scene.passAlive(VALID.minusMillis(1));
    assertThat(lock.isHeld()).isTrue();
    assertThat(losses).isEmpty();
    scene.pass(Duration.ofMillis(21));
    assertThat(losses).singleElement().extracting(Loss::reason).isEqualTo(LossReason.EXPIRED);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(lock.remaining()).isZero();
  }

  @Test
  void stateIsComputedFromTheClock_beforeAnyTimerRuns() {
    LockHandle lock = take("a");
    scene.time.standStill(VALID.minusNanos(1));
    assertThat(lock.isHeld()).isTrue();
    scene.time.standStill(Duration.ofNanos(1));
    assertThat(lock.isHeld()).isFalse();
    assertThat(catchThrowableOfType(LockLostException.class, lock::requireHeld).loss().reason())
        .isEqualTo(LossReason.EXPIRED);
    assertThat(losses).hasSize(1);
  }

  @Test
  void lateRenewal_doesNotBringItBack() {
    LockHandle lock = take("a");
    scene.passAlive(RENEW_AFTER.plusMillis(20));
    Operation renew = scene.stream().next();
    long mark = scene.stream().mark();
    scene.time.standStill(VALID.minus(RENEW_AFTER));
    scene.stream().renew(renew, TTL, mark);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(losses).hasSize(1);

    lock.close();
    assertThat(releases()).as("what may stand yet is given back once its holder stops").hasSize(1);
  }

  @Test
  void overdueRenewal_isJeopardy_untilOneSucceeds() {
    LockHandle lock = take("a");
    scene.passAlive(Duration.ofSeconds(6));
    assertThat(lock.state()).isEqualTo(LockHandle.State.JEOPARDY);
    assertThat(lock.isHeld()).isTrue();
    assertThat(jeopardies).hasSize(1);
    assertThat(jeopardies.get(0).remaining())
        .isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));

    Operation last = scene.stream().next();
    while (scene.stream().unseen() > 0) {
      last = scene.stream().next();
    }
    scene.stream().renew(last, TTL, scene.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    scene.passAlive(Duration.ofSeconds(6));
    assertThat(jeopardies).as("told anew").hasSize(2);
  }

  @Test
  void unansweredRenewal_isTriedThroughAnotherReplica() {
    restart(2);
    connectAll();
    List<FakeReplica> order = scene.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    scene.pass(RENEW_AFTER.plusMillis(20));
    assertThat(order.get(0).stream().next().hasRenew()).isTrue();
    order.get(1).stream().signOfLife();
    scene.pass(TTL.dividedBy(6));
    Operation second = order.get(1).stream().next();
    order.get(1).stream().renew(second, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    assertThat(jeopardies).isEmpty();
  }

  @Test
  void brokenStream_renewalGoesThroughAnotherReplicaAtOnce() {
    restart(2);
    connectAll();
    List<FakeReplica> order = scene.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    scene.pass(RENEW_AFTER.plusMillis(20));
    order.get(0).stop();
    scene.pass(Duration.ofMillis(20));
    Operation second = order.get(1).stream().next();
    order.get(1).stream().renew(second, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void drainedReplica_isLeft_andLocksAreKeptThroughTheOther() {
    restart(2);
    connectAll();
    List<FakeReplica> order = scene.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    order.get(0).isDraining = true;
    order.get(0).stream().tell(Notice.newBuilder().setDrain(Drain.getDefaultInstance()));
    assertThat(order.get(0).stream().saidGoodbye).isTrue();
    scene.pass(RENEW_AFTER.plusMillis(20));
    Operation renew = order.get(1).stream().next();
    order.get(1).stream().renew(renew, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    lock.close();
    assertThat(order.get(1).stream().next().hasRelease()).isTrue();
  }

  @Test
  void failedRenewal_isRepeatedWellBeforeTheDeadline() {
    LockHandle lock = take("a");
    scene.passAlive(RENEW_AFTER.plusMillis(20));
    scene.stream()
        .fail(
            scene.stream().next(),
            Code.UNAVAILABLE,
            "STORE_TIMEOUT",
            Optional.of(Duration.ofMinutes(5)));
    scene.passAlive(Duration.ofSeconds(1));
    scene.stream().renew(scene.stream().next(), TTL, scene.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void renewalThatFindsItGone_isLost() {
    LockHandle lock = take("a");
    scene.passAlive(RENEW_AFTER.plusMillis(20));
    scene.stream()
        .lose(scene.stream().next(), dev.fencepost.proto.v1.LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(losses).singleElement().extracting(Loss::reason).isEqualTo(LossReason.SUPERSEDED);
    assertThat(losses.get(0).lastToken()).isPresent();
    lock.close();
    assertThat(scene.stream().unseen()).as("there is nothing to give back").isZero();
  }

  @Test
  void noticeOfLoss_endsTheGrantItNamesOnly() {
    LockHandle lock = take("a");
    tellLost("a", lock.token().value() + 1);
    tellLost("b", lock.token().value());
    assertThat(lock.isHeld()).isTrue();
    tellLost("a", lock.token().value());
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
    assertThat(losses).singleElement().extracting(Loss::detail).isEqualTo("words");
  }

  @Test
  void actionAddedAfterTheLoss_isCalledAtOnce() {
    LockHandle lock = take("a");
    tellLost("a", lock.token().value());
    List<Loss> late = new ArrayList<>();
    lock.onLost(late::add);
    assertThat(late).isEqualTo(losses);
    assertThat(lock.lost()).isCompletedWithValue(losses.get(0));
  }

  @Test
  void release_isRepeatedOnTheNextSession() {
    LockHandle lock = take("a");
    CompletableFuture<Release> released = lock.releaseAsync();
    Operation first = scene.stream().next();
    scene.stream().breakOff();
    scene.pass(Duration.ofSeconds(1));
    Operation second = scene.stream().next();
    assertThat(second.getRelease()).isEqualTo(first.getRelease());
    scene.stream().release(second);
    assertThat(released).isCompletedWithValue(new Release.Released());
  }

  @Test
  void release_isGivenUpWhenTheLeaseIsOver() {
    LockHandle lock = take("a");
    CompletableFuture<Release> released = lock.releaseAsync();
    scene.stream().next();
    scene.passAlive(TTL.plusMillis(20));
    assertThat(released).isCompletedExceptionally();
  }

  @Test
  void releaseThatComesTooLate_isStillToldAsALoss() {
    LockHandle lock = take("a");
    lock.close();
    assertThat(lock.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(losses).isEmpty();
    scene.stream()
        .release(
            scene.stream().next(),
            ReleaseOutcome.RELEASE_OUTCOME_NOT_HELD,
            dev.fencepost.proto.v1.LossReason.LOSS_REASON_SUPERSEDED);
    assertThat(losses).singleElement().extracting(Loss::reason).isEqualTo(LossReason.SUPERSEDED);
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
  }

  @Test
  void minHold_closesTheLockForTheRest() {
    LockHandle lock =
        take(scene.client.lock("a").withMinHold(Duration.ofSeconds(30)), scene.stream());
    scene.pass(Duration.ofSeconds(2));
    lock.close();
    assertThat(Wire.duration(scene.stream().next().getRelease().getCloseFor()))
        .isEqualTo(Duration.ofSeconds(28));
  }

  @Test
  void maxHold_stopsRenewing() {
    LockHandle lock =
        take(scene.client.lock("a").withMaxHold(Duration.ofSeconds(5)), scene.stream());
    scene.passAlive(RENEW_AFTER.plusMillis(20));
    scene.stream().renew(scene.stream().next(), TTL, scene.stream().mark());
    scene.passAlive(Duration.ofSeconds(8));
    assertThat(scene.stream().unseen()).isZero();
    assertThat(jeopardies)
        .singleElement()
        .extracting(Jeopardy::cause)
        .isEqualTo("the longest hold is over");
    scene.passAlive(Duration.ofSeconds(1));
    assertThat(lock.state()).isEqualTo(LockHandle.State.LOST);
  }

  @Test
  void detachedHandle_isNotRenewed() {
    LockHandle lock = take("a");
    assertThat(lock.detach()).isEqualTo(lock.grant());
    scene.passAlive(TTL);
    assertThat(scene.stream().unseen()).isZero();
    assertThat(lock.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(losses).isEmpty();
    assertThat(catchThrowableOfType(LockLostException.class, lock::detach)).isNotNull();
  }

  @Test
  void renewalsOfMany_travelTogether() {
    List<LockHandle> locks = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      locks.add(take("lock" + i));
      scene.time.standStill(Duration.ofMillis(3));
    }
    int before = scene.stream().messages.size();
    int renewals = 0;
    for (int i = 0; i < 40; i++) {
      scene.passAlive(Duration.ofMillis(250));
      long mark = scene.stream().mark();
      while (scene.stream().unseen() > 0) {
        scene.stream().renew(scene.stream().next(), TTL, mark);
        renewals++;
      }
    }
    assertThat(renewals).isBetween(2_500, 4_000);
    // Four of 256 would carry a thousand; over 10 s each is renewed three times.
    assertThat(scene.stream().messages.size() - before).isLessThan(60);
    assertThat(locks).allMatch(LockHandle::isHeld);
  }

  private LockHandle take(String name) {
    return take(name, scene.stream());
  }

  private LockHandle take(String name, FakeStream stream) {
    return take(scene.client.lock(name), stream);
  }

  private LockHandle take(FencepostLock lock, FakeStream stream) {
    CompletableFuture<LockHandle> claim = lock.acquireAsync(WAIT);
    Grant grant = stream.grant(stream.next(), TTL, stream.mark());
    assertThat(claim).isCompleted();
    LockHandle handle = claim.join();
    assertThat(handle.token().value()).isEqualTo(grant.getFencingToken());
    return handle.onLost(losses::add).onJeopardy(jeopardies::add);
  }

  private void tellLost(String name, long token) {
    scene.stream()
        .tell(
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
    while (scene.stream().unseen() > 0) {
      Operation next = scene.stream().next();
      if (next.hasRelease()) {
        releases.add(next);
      }
    }
    return releases;
  }

  private void connectAll() {
    for (int i = 0; i < 20; i++) {
      scene.client.lock("any" + i).acquireAsync(WAIT).cancel(false);
    }
    for (FakeReplica replica : scene.replicas) {
      assertThat(replica.streams).hasSize(1);
      while (replica.stream().unseen() > 0) {
        Operation next = replica.stream().next();
        if (next.hasRelease()) {
          replica.stream()
              .release(
                  next,
                  ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN,
                  dev.fencepost.proto.v1.LossReason.LOSS_REASON_UNSPECIFIED);
        } else {
          replica.stream()
              .refuse(next, dev.fencepost.proto.v1.NotGrantedReason.NOT_GRANTED_REASON_WITHDRAWN);
        }
      }
    }
  }

  private void restart(int replicas) {
    scene.close();
    scene = new Scene(replicas);
  }
}
