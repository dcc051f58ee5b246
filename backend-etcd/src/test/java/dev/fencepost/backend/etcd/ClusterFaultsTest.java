package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.EtcdCluster;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.replica.LockContenders;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Faults that a cluster survives, and their effect on its users. */
final class ClusterFaultsTest {
  private static final EtcdCluster ETCD = new EtcdCluster();

  @RegisterExtension
  static final RunningServer<EtcdCluster> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final AtomicInteger STORES = new AtomicInteger();

  private final String uri = ETCD.uri("faults-" + STORES.incrementAndGet());

  @AfterEach
  void heal() {
    ETCD.heal();
  }

  @Test
  void leaderKilledUnderLoad_neitherDoublesNorLosesAGrant() throws InterruptedException {
    try (EtcdTestReplica a = new EtcdTestReplica(uri);
        EtcdTestReplica b = new EtcdTestReplica(uri)) {
      LockContenders contenders = new LockContenders("contended/", List.of(a, b));
      contenders.start();
      contenders.awaitGrants(100);
      ETCD.leader().kill();
      contenders.awaitGrants(100);
      ETCD.heal();
      contenders.awaitGrants(100);
      contenders.finish();
      assertThat(contenders.faults()).isEmpty();
    }
  }

  @Test
  void leaderKilled_endsNoLeaseAndWakesTheWaiter() throws InterruptedException {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica waiter = new EtcdTestReplica(uri)) {
      Grant held = holder.acquire("killed");
      Claim next = claim("killed");
      answer(waiter.backend().tryAcquire(next, QueueIntent.JOIN));
      ETCD.leader().kill();
      awaitRenewed(holder, held);
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> holder.release(held) != null);
      assertThat(waiter.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(next.lock());
    }
  }

  @Test
  void memberKilledUnderAWatch_losesNoWakeUp() throws InterruptedException {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica waiter = new EtcdTestReplica(uri)) {
      Grant held = holder.acquire("watched");
      Claim next = claim("watched");
      answer(waiter.backend().tryAcquire(next, QueueIntent.JOIN));
      // Both are connected to the member that the URI names first.
      ETCD.members().get(0).kill();
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> holder.release(held) != null);
      assertThat(waiter.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(next.lock());
    }
  }

  @Test
  void leaderPausedForTenSeconds_costsNoHolderItsLock() {
    try (EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      List<Grant> grants = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        grants.add(replica.acquire(claim("paused/" + i, Duration.ofSeconds(30))));
      }
      EtcdServer leader = ETCD.leader();
      leader.pause();
      long begun = System.nanoTime();
      // The other members work without it, no matter which one we were connected to.
      awaitRenewed(replica, grants.get(0));
      replica.acquire("paused/meanwhile");
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> System.nanoTime() - begun > Duration.ofSeconds(10).toNanos());
      leader.resume();
      grants.forEach(grant -> awaitRenewed(replica, grant));
    }
  }

  @Test
  void quorumLost_grantsNothingAndComesBack() {
    try (EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      Grant held = replica.acquire("quorum");
      ETCD.members().get(0).kill();
      ETCD.members().get(1).kill();
      for (int i = 0; i < 3; i++) {
        assertThat(failure(replica.backend().tryAcquire(claim("quorum/" + i), QueueIntent.NONE)))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
        assertThat(failure(replica.backend().describe(List.of(held.ref().lock()))))
            .isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
      }
      ETCD.heal();
      awaitRenewed(replica, held);
      Grant after =
          await()
              .ignoreExceptionsInstanceOf(StoreException.class)
              .until(() -> replica.acquire("quorum/after"), grant -> true);
      assertThat(after.token()).isGreaterThan(held.token());
    }
  }

  private static void awaitRenewed(EtcdTestReplica replica, Grant grant) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(25))
        .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
  }
}
