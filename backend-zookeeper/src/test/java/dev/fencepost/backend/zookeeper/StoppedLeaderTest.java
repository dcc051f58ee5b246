package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.ZookeeperEnsemble;
import dev.fencepost.testkit.process.ZookeeperServer;
import dev.fencepost.testkit.replica.LockContenders;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/**
 * An ensemble whose leader is stopped most of the time. Its own class and first in order, because
 * it takes a minute.
 */
@Order(1)
final class StoppedLeaderTest {
  private static final int ROUNDS = 20;
  private static final Duration STOPPED = Duration.ofSeconds(2);
  private static final Duration RUNNING = Duration.ofSeconds(1);

  @Test
  void leaderStoppedTwoOfThreeSeconds_doublesAndLosesNothing() {
    try (ZookeeperEnsemble ensemble = new ZookeeperEnsemble(3)) {
      ensemble.heal();
      String uri = "zookeeper://" + ensemble.addresses() + "/stopped";
      try (TestReplica a = new TestReplica(uri);
          TestReplica b = new TestReplica(uri)) {
        LockContenders contenders = new LockContenders("stopped/", List.of(a, b));
        Grant held = a.acquire("stopped/held");
        contenders.start();
        for (int round = 0; round < ROUNDS; round++) {
          ZookeeperServer leader = ensemble.leader();
          leader.pause();
          pass(STOPPED);
          leader.resume();
          pass(RUNNING);
          if (round % 5 == 4) {
            assertThat(renewed(round % 2 == 0 ? a : b, held)).isInstanceOf(Renewal.Renewed.class);
          }
        }
        contenders.awaitGrants(100);
        contenders.finish();
        assertThat(contenders.faults()).isEmpty();
        assertThat(renewed(b, held)).isInstanceOf(Renewal.Renewed.class);
      }
    }
  }

  private static Renewal renewed(TestReplica replica, Grant grant) {
    return await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .pollDelay(Duration.ZERO)
        .atMost(Duration.ofSeconds(20))
        .until(() -> answer(replica.backend().renew(grant.ref())), renewal -> true);
  }

  private static void pass(Duration time) {
    await().pollDelay(time).atMost(time.plusSeconds(5)).until(() -> true);
  }
}
