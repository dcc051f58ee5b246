package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A lease that runs out while another replica waits: its turn begins at once. */
final class ExpiredTurnTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void formerHolder_isToldThatItsLeaseExpired() throws InterruptedException {
    try (TestReplica a = replica();
        TestReplica b = replica()) {
      Grant former = a.acquire("expired", Lease.of(Lease.MIN_TTL));
      assertThat(answer(b.backend().tryAcquire(claim("expired"), QueueIntent.JOIN)))
          .isInstanceOf(Attempt.Busy.class);
      assertThat(b.wakes().poll(30, TimeUnit.SECONDS)).isEqualTo(former.ref().lock());
      Release expired = new Release.NotHeld(LossReason.EXPIRED);
      assertThat(answer(a.backend().renew(former.ref())))
          .isInstanceOfSatisfying(
              Renewal.Lost.class,
              lost -> assertThat(lost.loss().reason()).isEqualTo(LossReason.EXPIRED));
      assertThat(answer(b.backend().release(ReleaseCommand.of(former.ref())))).isEqualTo(expired);
      assertThat(
              answer(a.backend().handOver(former.ref(), claim("expired"), QueueIntent.JOIN))
                  .ended())
          .isEqualTo(expired);
    }
  }

  private static TestReplica replica() {
    return new TestReplica("zookeeper://127.0.0.1:" + SERVER.port() + "/expired");
  }
}
