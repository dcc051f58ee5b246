package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The operations of a lock, against a real server. */
class FencepostLockTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static TestCluster cluster;
  private static FencepostClient client;
  private static FencepostClient other;
  private static ExecutorService threads;

  private String name;

  @BeforeAll
  static void start() {
    cluster = TestCluster.of(1);
    client = FencepostClient.builder(cluster.target()).owner("one").build();
    other = FencepostClient.builder(cluster.target()).owner("other").build();
    threads = Executors.newCachedThreadPool();
  }

  @AfterAll
  static void stop() {
    client.close();
    other.close();
    cluster.close();
    threads.shutdownNow();
  }

  @BeforeEach
  void ownName(TestInfo test) {
    name = test.getDisplayName();
  }

  @Test
  void freeLock_isGrantedAndHeld() throws Exception {
    try (LockHandle lock = client.lock(name).acquire(LONG)) {
      assertThat(lock.isHeld()).isTrue();
      assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
      assertThat(lock.requireHeld()).isEqualTo(lock.token());
      assertThat(lock.remaining()).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
      assertThat(lock.name()).isEqualTo(name);
    }
  }

  @Test
  void takenLock_isRefusedWithItsHolder() throws Exception {
    try (LockHandle held = client.lock(name).acquire(LONG)) {
      assertThat(other.lock(name).tryAcquire()).isEmpty();
      LockNotGrantedException refused =
          catchThrowableOfType(
              LockNotGrantedException.class, () -> other.lock(name).acquire(Duration.ofMillis(50)));
      assertThat(refused.reason()).isEqualTo(LockNotGrantedException.Reason.TIMED_OUT);
      assertThat(refused.holders())
          .singleElement()
          .satisfies(holder -> assertThat(holder.claimant().owner()).isEqualTo("one"))
          .extracting(Holder::token)
          .isEqualTo(held.token());
      assertThat(refused).hasMessageContaining(name).hasMessageContaining("one");
    }
  }

  @Test
  void releasedLock_goesToTheWaiter() throws Exception {
    LockHandle first = client.lock(name).acquire(LONG);
    CompletableFuture<LockHandle> waiting = other.lock(name).acquireAsync(LONG);
    await().until(() -> waiters() == 1);
    Future<LockHandle> blocked = threads.submit(() -> client.lock(name).acquire());

    first.close();
    LockHandle second = waiting.get(10, TimeUnit.SECONDS);
    assertThat(second.token()).isGreaterThan(first.token());
    assertThat(first.state()).isEqualTo(LockHandle.State.RELEASED);

    assertThat(second.release()).isInstanceOf(Release.Released.class);
    blocked.get(10, TimeUnit.SECONDS).close();
  }

  @Test
  void secondRelease_changesNothing() throws Exception {
    LockHandle lock = client.lock(name).acquire(LONG);
    assertThat(lock.release()).isEqualTo(new Release.Released());
    assertThat(lock.release()).isEqualTo(new Release.NotHeld(LossReason.RELEASED));
    lock.close();
  }

  @Test
  void heldLock_isRenewed() throws Exception {
    try (LockHandle lock = client.lock(name).withTtl(Duration.ofSeconds(2)).acquire(LONG)) {
      CompletableFuture<Void> renewedTwice = new CompletableFuture<>();
      CompletableFuture<Void> renewed = new CompletableFuture<>();
      lock.onRenewed(
          () -> {
            if (!renewed.complete(null)) {
              renewedTwice.complete(null);
            }
          });
      renewedTwice.get(10, TimeUnit.SECONDS);
      assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
      assertThat(other.lock(name).tryAcquire()).isEmpty();
    }
  }

  @Test
  void cancelledAcquire_leavesTheQueue() throws Exception {
    LockHandle held = client.lock(name).acquire(LONG);
    CompletableFuture<LockHandle> waiting = other.lock(name).acquireAsync(LONG);
    CompletableFuture<LockHandle> next = other.lock(name).acquireAsync(LONG);
    assertThat(waiting.cancel(false)).isTrue();
    held.close();
    LockHandle granted = next.get(10, TimeUnit.SECONDS);
    granted.close();
    try (LockHandle again = client.lock(name).acquire(LONG)) {
      assertThat(again.isHeld()).isTrue();
    }
  }

  @Test
  void acquireCompletedByItsCaller_leavesTheQueue() throws Exception {
    LockHandle held = client.lock(name).acquire(LONG);
    CompletableFuture<Optional<LockHandle>> waiting =
        other
            .lock(name)
            .tryAcquireAsync(LONG)
            .completeOnTimeout(Optional.empty(), 500, TimeUnit.MILLISECONDS);
    await().untilAsserted(() -> assertThat(waiters()).isEqualTo(1));
    assertThat(waiting).succeedsWithin(LONG).isEqualTo(Optional.empty());
    await().untilAsserted(() -> assertThat(waiters()).isZero());
    held.close();
    assertThat(client.lock(name).tryAcquire()).hasValueSatisfying(LockHandle::close);
  }

  @Test
  void interruptedAcquire_withdrawsItsClaim() throws Exception {
    LockHandle held = client.lock(name).acquire(LONG);
    Future<?> blocked = threads.submit(() -> other.lock(name).acquire());
    await().untilAsserted(() -> assertThat(waiters()).isEqualTo(1));
    blocked.cancel(true);
    await().untilAsserted(() -> assertThat(waiters()).isZero());
    held.close();
    assertThat(client.lock(name).tryAcquire()).hasValueSatisfying(LockHandle::close);
  }

  @Test
  void interruptedThread_isRefusedAtOnce() {
    Thread.currentThread().interrupt();
    assertThat(catchThrowableOfType(InterruptedException.class, () -> client.lock(name).acquire()))
        .isNotNull();
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void revokedLock_isReportedAtOnce() throws Exception {
    LockHandle lock = client.lock(name).acquire(LONG);
    CompletableFuture<GrantLoss> told = new CompletableFuture<>();
    lock.onLost(told::complete);
    cluster.forceRelease(name, "maintenance");

    GrantLoss loss = told.get(10, TimeUnit.SECONDS);
    assertThat(loss.reason()).isEqualTo(LossReason.REVOKED);
    assertThat(loss.detail()).isEqualTo("maintenance");
    assertThat(lock.lost().get(10, TimeUnit.SECONDS)).isEqualTo(loss);
    assertThat(lock.isHeld()).isFalse();
    assertThat(lock.remaining()).isZero();
    assertThat(lock.token().value()).isPositive();
    LockLostException thrown = catchThrowableOfType(LockLostException.class, lock::requireHeld);
    assertThat(thrown.loss()).isEqualTo(loss);
    lock.close();
  }

  @Test
  void detachedGrant_isAdoptedElsewhere() throws Exception {
    LockHandle lock = client.lock(name).acquire(LONG);
    LockHandle adopted = other.lock(name).adopt(lock.detach());
    assertThat(lock.state()).isEqualTo(LockHandle.State.RELEASED);
    assertThat(adopted.token()).isEqualTo(lock.token());
    lock.close();
    assertThat(adopted.release()).isInstanceOf(Release.Released.class);
    assertThat(
            catchThrowableOfType(
                LockLostException.class, () -> other.lock(name).adopt(lock.grant())))
        .isNotNull();
  }

  @Test
  void grantOfAnotherLock_isNotAdopted() throws Exception {
    LockHandle lock = client.lock(name).acquire(LONG);
    assertThat(
            catchThrowableOfType(
                    InvalidValueException.class,
                    () -> other.lock(name + "/other").adopt(lock.grant()))
                .field())
        .isEqualTo("grant");
    assertThat(lock.isHeld()).isTrue();
    lock.close();
  }

  @Test
  void releaseWithATime_keepsTheLockClosedForIt() throws Exception {
    LockHandle lock = client.lock(name).acquire(LONG);
    assertThat(
            catchThrowableOfType(
                    InvalidValueException.class, () -> lock.release(Duration.ofHours(25)))
                .field())
        .isEqualTo("close_for");
    assertThat(lock.isHeld()).isTrue();

    assertThat(lock.release(Duration.ofHours(1))).isInstanceOf(Release.Released.class);

    LockNotGrantedException refused =
        catchThrowableOfType(
            LockNotGrantedException.class, () -> other.lock(name).acquire(Duration.ZERO));
    assertThat(refused.reason()).isEqualTo(LockNotGrantedException.Reason.CLOSED);
    assertThat(refused.availableIn().orElseThrow()).isGreaterThan(Duration.ofMinutes(59));
  }

  @Test
  void renew_answersForHowLongTheLockMayBeUsed() throws Exception {
    LockHandle lock = client.lock(name).withTtl(Duration.ofSeconds(60)).acquire(LONG);
    assertThat(lock.renew()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
    cluster.forceRelease(name, "maintenance");
    assertThat(catchThrowableOfType(LockLostException.class, lock::renew).loss().reason())
        .isEqualTo(LossReason.REVOKED);
    assertThat(lock.isHeld()).isFalse();
    lock.close();
  }

  @Test
  void badValues_areNamed() {
    assertThat(catchThrowableOfType(InvalidValueException.class, () -> client.lock("")).field())
        .isEqualTo("name");
    assertThat(
            catchThrowableOfType(
                    InvalidValueException.class,
                    () -> client.lock(name).withTtl(Duration.ofMillis(1)))
                .field())
        .isEqualTo("ttl");
    assertThat(
            catchThrowableOfType(
                    InvalidValueException.class,
                    () -> client.lock(name).acquire(Duration.ofSeconds(-1)))
                .field())
        .isEqualTo("wait");
  }

  @Test
  void ttlAboveTheServersLimit_isRefusedByIt() {
    assertThat(
            catchThrowableOfType(
                IllegalArgumentException.class,
                () -> client.lock(name).withTtl(Duration.ofHours(1)).acquire(LONG)))
        .hasMessageContaining("ttl");
  }

  @Test
  void asyncTry_isEmptyWhenTaken() throws Exception {
    try (LockHandle held = client.lock(name).acquire(LONG)) {
      assertThat(other.lock(name).tryAcquireAsync(Duration.ZERO).get(10, TimeUnit.SECONDS))
          .isEqualTo(Optional.empty());
      ExecutionException refused =
          catchThrowableOfType(
              ExecutionException.class,
              () -> other.lock(name).acquireAsync(Duration.ZERO).get(10, TimeUnit.SECONDS));
      assertThat(refused).hasCauseInstanceOf(LockNotGrantedException.class);
      assertThat(held.isHeld()).isTrue();
    }
  }

  private int waiters() {
    return cluster.waiters(name);
  }
}
