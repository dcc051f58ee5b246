package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.core.CoordinatorSettings.Most;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private static final Duration RECHECK = Duration.ofSeconds(1);

  private static final Most MANY = new Most(100, 1 << 20);
  private static final Most TWO = new Most(2, 1 << 20);
  private static final Most FEW_BYTES = new Most(100, 10_000);

  @Test
  void queueOfALockIsFull_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 2, MANY, MANY, RECHECK));
    assertRefusedAfterTwo(fixture, "waiters of lock \"orders/42\"");
  }

  @Test
  void clientHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, TWO, MANY, RECHECK));
    assertRefusedAfterTwo(fixture, "waiters of this client");
  }

  @Test
  void replicaHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, MANY, TWO, RECHECK));
    assertRefusedAfterTwo(fixture, "waiters of this replica");
  }

  @Test
  void clientsMetadataTakesTooMuch_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, FEW_BYTES, MANY, RECHECK));
    Grant holder = fixture.grab();
    PendingAcquire first = heavyWaiter(fixture, "greedy");
    PendingAcquire second = heavyWaiter(fixture, "greedy");
    assertOverBytes(
        fixture, heavyWaiter(fixture, "greedy"), "bytes of metadata of this client that wait");
    heavyWaiter(fixture, "modest").leave();
    fixture.finish(fixture.release(holder));
    fixture.finish(fixture.release(fixture.grantOf(first)));
    fixture.finish(fixture.release(fixture.grantOf(second)));
    assertThat(fixture.coordinator.waitingBytes()).isZero();
  }

  @Test
  void metadataOfAllTakesTooMuch_oneMoreIsRefused() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, MANY, FEW_BYTES, RECHECK));
    fixture.grab();
    PendingAcquire first = heavyWaiter(fixture, "one");
    heavyWaiter(fixture, "two");
    assertOverBytes(
        fixture, heavyWaiter(fixture, "three"), "bytes of metadata that wait at this replica");
    first.leave();
    assertThat(CoordinatorFixture.isAnswered(heavyWaiter(fixture, "three"))).isFalse();
  }

  /** Commands to a store that does not answer must not pile up. */
  @Test
  void claimsThatAreBeingTried_countWithTheirBytes() {
    CoordinatorFixture fixture =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, FEW_BYTES, MANY, RECHECK));
    for (int i = 0; i < 2; i++) {
      fixture.coordinator.acquire(
          heavy(fixture.claim(new LockName("lock-" + i)), Duration.ZERO, "greedy"));
    }
    Claim other = fixture.claim(new LockName("lock-3"));
    PendingAcquire refused = fixture.coordinator.acquire(heavy(other, Duration.ZERO, "greedy"));
    assertOverBytes(fixture, refused, "bytes of metadata of this client that wait");
    fixture.time.run(Duration.ofMillis(10));
    assertThat(fixture.coordinator.waitingBytes()).isZero();
  }

  private static PendingAcquire heavyWaiter(CoordinatorFixture fixture, String client) {
    PendingAcquire call =
        fixture.coordinator.acquire(heavy(fixture.claim(), CoordinatorFixture.LONG, client));
    fixture.time.run(Duration.ofMillis(5));
    return call;
  }

  private static AcquireCommand heavy(Claim claim, Duration maxWait, String client) {
    Claimant claimant =
        new Claimant(client, "", LockMode.EXCLUSIVE, Map.of("key", "x".repeat(4_000)));
    Claim heavy = new Claim(claim.lock(), claim.id(), claim.lease(), claimant);
    return new AcquireCommand(heavy, maxWait, Duration.ZERO, client);
  }

  private static void assertOverBytes(
      CoordinatorFixture fixture, PendingAcquire call, String subject) {
    assertThatThrownBy(() -> fixture.finish(call.answer()))
        .isInstanceOfSatisfying(
            OverLimitException.class, e -> assertThat(e.subject()).isEqualTo(subject));
  }

  private static void assertRefusedAfterTwo(CoordinatorFixture fixture, String subject) {
    Grant holder = fixture.grab();
    PendingAcquire first = fixture.waiter();
    PendingAcquire second = fixture.waiter();
    assertThatThrownBy(() -> fixture.finish(fixture.waiter().answer()))
        .isInstanceOfSatisfying(
            OverLimitException.class,
            e -> {
              assertThat(e.subject()).isEqualTo(subject);
              assertThat(e.limit()).isEqualTo(2);
            });
    fixture.finish(fixture.release(holder));
    fixture.finish(fixture.release(fixture.grantOf(first)));
    fixture.grantOf(second);
    assertThat(fixture.coordinator.waiterCount()).isZero();
  }
}
