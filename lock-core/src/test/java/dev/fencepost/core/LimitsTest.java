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
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 2, MANY, MANY, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of lock \"orders/42\"");
  }

  @Test
  void clientHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, TWO, MANY, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of this client");
  }

  @Test
  void replicaHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, MANY, TWO, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of this replica");
  }

  @Test
  void clientsMetadataTakesTooMuch_oneMoreIsRefusedAndTheOthersGoOn() {
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, FEW_BYTES, MANY, RECHECK));
    Grant holder = desk.grab();
    PendingAcquire first = heavyWaiter(desk, "greedy");
    PendingAcquire second = heavyWaiter(desk, "greedy");
    assertOverBytes(
        desk, heavyWaiter(desk, "greedy"), "bytes of metadata of this client that wait");
    heavyWaiter(desk, "modest").leave();
    desk.finish(desk.release(holder));
    desk.finish(desk.release(desk.grantOf(first)));
    desk.finish(desk.release(desk.grantOf(second)));
    assertThat(desk.coordinator.waitingBytes()).isZero();
  }

  @Test
  void metadataOfAllTakesTooMuch_oneMoreIsRefused() {
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, MANY, FEW_BYTES, RECHECK));
    desk.grab();
    PendingAcquire first = heavyWaiter(desk, "one");
    heavyWaiter(desk, "two");
    assertOverBytes(
        desk, heavyWaiter(desk, "three"), "bytes of metadata that wait at this replica");
    first.leave();
    assertThat(CoordinatorFixture.isAnswered(heavyWaiter(desk, "three"))).isFalse();
  }

  /** A store that does not answer must not collect what was asked of it. */
  @Test
  void claimsThatAreBeingTried_countWithTheirBytes() {
    CoordinatorFixture desk =
        new CoordinatorFixture(new CoordinatorSettings(32, 100, FEW_BYTES, MANY, RECHECK));
    for (int i = 0; i < 2; i++) {
      desk.coordinator.acquire(
          heavy(desk.claim(new LockName("lock-" + i)), Duration.ZERO, "greedy"));
    }
    Claim other = desk.claim(new LockName("lock-3"));
    PendingAcquire refused = desk.coordinator.acquire(heavy(other, Duration.ZERO, "greedy"));
    assertOverBytes(desk, refused, "bytes of metadata of this client that wait");
    desk.world.run(Duration.ofMillis(10));
    assertThat(desk.coordinator.waitingBytes()).isZero();
  }

  private static PendingAcquire heavyWaiter(CoordinatorFixture desk, String client) {
    PendingAcquire call =
        desk.coordinator.acquire(heavy(desk.claim(), CoordinatorFixture.LONG, client));
    desk.world.run(Duration.ofMillis(5));
    return call;
  }

  private static AcquireCommand heavy(Claim claim, Duration maxWait, String client) {
    Claimant claimant =
        new Claimant(client, "", LockMode.EXCLUSIVE, Map.of("key", "x".repeat(4_000)));
    Claim heavy = new Claim(claim.lock(), claim.id(), claim.lease(), claimant);
    return new AcquireCommand(heavy, maxWait, Duration.ZERO, client);
  }

  private static void assertOverBytes(
      CoordinatorFixture desk, PendingAcquire call, String subject) {
    assertThatThrownBy(() -> desk.finish(call.answer()))
        .isInstanceOfSatisfying(
            OverLimitException.class, e -> assertThat(e.subject()).isEqualTo(subject));
  }

  private static void assertRefusedAfterTwo(CoordinatorFixture desk, String subject) {
    Grant holder = desk.grab();
    PendingAcquire first = desk.waiter();
    PendingAcquire second = desk.waiter();
    assertThatThrownBy(() -> desk.finish(desk.waiter().answer()))
        .isInstanceOfSatisfying(
            OverLimitException.class,
            e -> {
              assertThat(e.subject()).isEqualTo(subject);
              assertThat(e.limit()).isEqualTo(2);
            });
    desk.finish(desk.release(holder));
    desk.finish(desk.release(desk.grantOf(first)));
    desk.grantOf(second);
    assertThat(desk.coordinator.waiterCount()).isZero();
  }
}
