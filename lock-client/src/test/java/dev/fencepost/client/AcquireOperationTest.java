package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One acquire, with events in any order. */
class AcquireOperationTest {
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration TTL = ClientFixture.TTL;

  private ClientFixture fixture = new ClientFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void grant_countsFromItsMark_notFromItsAnswer() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation operation = fixture.stream().next();
    long mark = fixture.stream().mark();
    fixture.pass(Duration.ofMillis(800));
    fixture.stream().grant(operation, TTL, mark);

    assertThat(held(claim).remaining()).isEqualTo(Duration.ofMillis(9_000 - 800));
  }

  @Test
  void laterMark_countsLater() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation operation = fixture.stream().next();
    fixture.passAlive(Duration.ofSeconds(5));
    long mark = fixture.stream().mark();
    fixture.stream().grant(operation, TTL, mark);
    assertThat(held(claim).remaining())
        .isBetween(Duration.ofMillis(9_000 - 1_100), Duration.ofSeconds(9));
  }

  @Test
  void grantWithoutMark_isRenewedBeforeUse() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Grant grant = fixture.stream().grant(fixture.stream().next(), TTL, 0);
    assertThat(claim).isNotDone();

    Operation renew = fixture.stream().next();
    assertThat(renew.getRenew().getGrant().getFencingToken()).isEqualTo(grant.getFencingToken());
    fixture.stream().renew(renew, TTL, fixture.stream().mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void oldGrant_isRenewedBeforeUse() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation operation = fixture.stream().next();
    long mark = fixture.stream().mark();
    fixture.pass(TTL.dividedBy(4).plusMillis(1));
    fixture.stream().grant(operation, TTL, mark);
    assertThat(claim).isNotDone();
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    assertThat(held(claim).remaining()).isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void unknownMark_isIgnored() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    fixture.stream().grant(fixture.stream().next(), TTL, Long.MAX_VALUE);
    assertThat(claim).isNotDone();
    assertThat(fixture.stream().next().hasRenew()).isTrue();
  }

  @Test
  void grantLostBeforeUse_isAskedForAgainAsANewClaim() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation first = fixture.stream().next();
    fixture.stream().grant(first, TTL, 0);
    fixture.stream().lose(fixture.stream().next(), LossReason.LOSS_REASON_EXPIRED);

    Operation second = fixture.stream().next();
    assertThat(second.getAcquire().getClaimId()).isNotEqualTo(first.getAcquire().getClaimId());
    fixture.stream().grant(second, TTL, fixture.stream().mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void brokenStream_sameClaimGoesOnWithItsTime() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    AcquireRequest first = fixture.stream().next().getAcquire();
    assertThat(first.hasWaited()).isFalse();
    assertThat(ProtoConverter.duration(first.getWait())).isEqualTo(WAIT);
    fixture.pass(Duration.ofSeconds(7));
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));

    Operation again = fixture.stream().next();
    AcquireRequest second = again.getAcquire();
    assertThat(second.getClaimId()).isEqualTo(first.getClaimId());
    Duration waited = ProtoConverter.duration(second.getWaited());
    assertThat(waited).isBetween(Duration.ofSeconds(7), Duration.ofSeconds(8));
    assertThat(ProtoConverter.duration(second.getWait()).plus(waited)).isEqualTo(WAIT);
    fixture.stream().grant(again, TTL, fixture.stream().mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void cancelBeforeItIsSent_sendsNothing() {
    fixture.replicas.get(0).isMute = true;
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));
    acquire("a", WAIT).cancel(false);
    fixture.stream().welcome();
    assertThat(fixture.stream().newOperations()).isZero();
  }

  @Test
  void cancelWhileItWaits_withdrawsIt() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation operation = fixture.stream().next();
    claim.cancel(false);
    Operation withdrawal = fixture.stream().next();
    assertThat(withdrawal.getRelease().getClaimId()).isEqualTo(operation.getAcquire().getClaimId());
    assertThat(withdrawal.getRelease().hasFencingToken()).isFalse();
  }

  @Test
  void grantThatCrossesItsWithdrawal_isReleased() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation operation = fixture.stream().next();
    claim.cancel(false);
    fixture.stream().next();
    Grant grant = fixture.stream().grant(operation, TTL, fixture.stream().mark());
    assertThat(fixture.stream().next().getRelease().getFencingToken())
        .isEqualTo(grant.getFencingToken());
  }

  @Test
  void futureCompletedByItsCaller_withdrawsToo() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    fixture.stream().next();
    claim.completeExceptionally(new IllegalStateException("not needed"));
    assertThat(fixture.stream().next().hasRelease()).isTrue();
  }

  @Test
  void drainingFailure_goesToAnotherReplicaAtOnce() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation first = order.get(0).stream().next();
    order.get(0).stream().drain(first);

    Operation second = order.get(1).stream().next();
    assertThat(second.getAcquire().getClaimId()).isEqualTo(first.getAcquire().getClaimId());
    assertThat(order.get(0).stream().saidGoodbye).isTrue();
    order.get(1).stream().grant(second, TTL, order.get(1).stream().mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void callbackOfOneConnection_doesNotWriteToAnother() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    acquire("a", WAIT).cancel(false);
    acquire("b", WAIT).cancel(false);
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation last = order.get(0).stream().next();
    while (order.get(0).stream().newOperations() > 0) {
      last = order.get(0).stream().next();
    }
    FakeStream other = connected(order.get(1));
    int before = other.messages.size();

    fixture.pauseOffload();
    order.get(0).stream().drain(last);
    assertThat(other.messages).as("nothing is written from there").hasSize(before);
    fixture.resumeOffload();
    assertThat(other.messages).hasSize(before + 1);
    assertThat(claim).isNotDone();
  }

  @Test
  void drainNotice_newClaimsGoElsewhere_openOnesAreAnsweredFirst() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    CompletableFuture<LockHandle> waiting = acquire("a", WAIT);
    Operation open = order.get(0).stream().next();
    order.get(0).stream()
        .sendNotice(
            Notice.newBuilder()
                .setDrain(Drain.newBuilder().setLeaveWithin(ProtoConverter.toProto(WAIT))));

    CompletableFuture<LockHandle> newcomer = acquire("a", WAIT);
    assertThat(order.get(0).stream().newOperations()).isZero();
    assertThat(order.get(0).stream().saidGoodbye).isFalse();
    assertThat(order.get(1).stream().next().hasAcquire()).isTrue();

    order.get(0).stream().grant(open, TTL, order.get(0).stream().mark());
    assertThat(held(waiting).isHeld()).isTrue();
    assertThat(order.get(0).stream().saidGoodbye).isTrue();
    assertThat(newcomer).isNotDone();
  }

  @Test
  void storeFailure_isRetriedAfterAPause() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation first = fixture.stream().next();
    fixture.stream()
        .fail(first, Code.UNAVAILABLE, "STORE_TIMEOUT", Optional.of(Duration.ofMillis(200)));
    assertThat(fixture.stream().newOperations()).isZero();
    fixture.pass(Duration.ofMillis(500));
    Operation second = fixture.stream().next();
    assertThat(second.getAcquire().getClaimId()).isEqualTo(first.getAcquire().getClaimId());
    fixture.stream().grant(second, TTL, fixture.stream().mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void noAnswer_isUnavailableWithOutcomeUnknown_andWithdrawn() {
    CompletableFuture<LockHandle> claim = acquire("a", Duration.ZERO);
    fixture.stream().next();
    fixture.passAlive(Duration.ofSeconds(11));
    UnavailableException why = failure(claim, UnavailableException.class);
    assertThat(why.isOutcomeUnknown()).isTrue();
    assertThat(fixture.stream().next().hasRelease()).isTrue();
  }

  @Test
  void noServer_isUnavailableWithNothingDone() {
    fixture.replicas.get(0).stop();
    fixture.pass(Duration.ofSeconds(1));
    CompletableFuture<LockHandle> claim = acquire("a", Duration.ofSeconds(1));
    fixture.pass(Duration.ofSeconds(12));
    assertThat(failure(claim, UnavailableException.class).isOutcomeUnknown()).isFalse();
  }

  @Test
  void limit_isReportedAtOnce() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    fixture.stream()
        .fail(
            fixture.stream().next(),
            Code.RESOURCE_EXHAUSTED,
            "OVER_LIMIT",
            Optional.of(Duration.ofSeconds(3)));
    assertThat(failure(claim, LimitExceededException.class).retryAfter())
        .isEqualTo(Duration.ofSeconds(3));
    assertThat(fixture.stream().newOperations()).isZero();
  }

  @Test
  void waitCutShortByTheServer_isContinued() {
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    Operation first = fixture.stream().next();
    fixture.passAlive(Duration.ofSeconds(20));
    fixture.stream().refuse(first, NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT);
    Operation second = fixture.stream().next();
    assertThat(second.getAcquire().getClaimId()).isEqualTo(first.getAcquire().getClaimId());
    assertThat(ProtoConverter.duration(second.getAcquire().getWait()))
        .isEqualTo(Duration.ofSeconds(40));
    fixture.passAlive(Duration.ofSeconds(40));
    fixture.stream().refuse(second, NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT);
    assertThat(failure(claim, LockNotGrantedException.class).reason())
        .isEqualTo(LockNotGrantedException.Reason.TIMED_OUT);
  }

  @Test
  void refusedConnection_failsOverWithinASecond() {
    restart(3);
    List<FakeReplica> order = fixture.preferredBy("a");
    acquire("b", WAIT).cancel(false);
    order.get(0).stop();
    CompletableFuture<LockHandle> claim = acquire("a", WAIT);
    fixture.pass(Duration.ofSeconds(1));
    FakeStream next = order.get(1).stream();
    Operation operation = next.next();
    while (!operation.getAcquire().getName().equals("a")) {
      operation = next.next();
    }
    next.grant(operation, TTL, next.mark());
    assertThat(held(claim).isHeld()).isTrue();
  }

  @Test
  void claimMadeWhileItsReplicaIsBeingConnected_goesElsewhereIfThatFails() {
    restart(2);
    FakeReplica gone =
        fixture.replicas.stream().filter(each -> each.streams.isEmpty()).findFirst().orElseThrow();
    String lock =
        Stream.iterate("a", name -> name + "a")
            .filter(name -> fixture.preferredBy(name).get(0) == gone)
            .findFirst()
            .orElseThrow();
    FakeStream other = fixture.preferredBy(lock).get(1).stream();
    gone.stop();
    List<CompletableFuture<LockHandle>> claims = new ArrayList<>();
    fixture.duringNextConnect(() -> claims.add(acquire(lock, WAIT)));
    claims.add(acquire(lock, WAIT));
    fixture.pass(Duration.ofMillis(20));
    for (int i = 0; i < 2; i++) {
      other.grant(other.next(), TTL, other.mark());
    }
    assertThat(claims).hasSize(2).allMatch(CompletableFuture::isDone);
  }

  private CompletableFuture<LockHandle> acquire(String name, Duration wait) {
    return fixture.client.lock(name).acquireAsync(wait);
  }

  /**
   * Returns a stream of the replica. It asks for locks that prefer the replica until there is one.
   */
  private FakeStream connected(FakeReplica replica) {
    for (int i = 0; replica.streams.isEmpty(); i++) {
      acquire("any" + i, WAIT).cancel(false);
    }
    return replica.stream();
  }

  private void restart(int replicas) {
    fixture.close();
    fixture = new ClientFixture(replicas);
  }

  private static LockHandle held(CompletableFuture<LockHandle> claim) {
    assertThat(claim).isCompleted();
    return claim.join();
  }

  private static <T extends Throwable> T failure(CompletableFuture<?> future, Class<T> type) {
    assertThat(future).isCompletedExceptionally();
    CompletionException thrown = catchThrowableOfType(CompletionException.class, future::join);
    assertThat(thrown).hasCauseInstanceOf(type);
    return type.cast(thrown.getCause());
  }
}
