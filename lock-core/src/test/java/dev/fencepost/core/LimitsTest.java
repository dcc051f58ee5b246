package dev.fencepost.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.lock.Grant;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private static final Duration RECHECK = Duration.ofSeconds(1);

  @Test
  void queueOfALockIsFull_oneMoreIsRefusedAndTheOthersGoOn() {
    Desk desk = new Desk(new CoordinatorSettings(32, 2, 100, 100, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of lock \"orders/42\"");
  }

  @Test
  void clientHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    Desk desk = new Desk(new CoordinatorSettings(32, 100, 2, 100, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of this client");
  }

  @Test
  void replicaHasTooManyWaiters_oneMoreIsRefusedAndTheOthersGoOn() {
    Desk desk = new Desk(new CoordinatorSettings(32, 100, 100, 2, RECHECK));
    assertRefusedAfterTwo(desk, "waiters of this replica");
  }

  private static void assertRefusedAfterTwo(Desk desk, String subject) {
    Grant holder = desk.grab();
    Call first = desk.waiter();
    Call second = desk.waiter();
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
