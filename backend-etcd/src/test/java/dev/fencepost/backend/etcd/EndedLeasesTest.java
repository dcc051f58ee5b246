package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Ended leases with keys that etcd has not removed yet: it ends a thousand leases a second, and a
 * deposed leader may report the end of leases that live.
 */
final class EndedLeasesTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  /** So many that the last ones end seconds late. */
  private static final int CROWD = 8_000;

  private static final Duration TTL = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @Test
  void lockWhoseLeaseHasEnded_isNotTakenBeforeItsKeyIsGone() {
    String uri = ETCD.uri("standing");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica former = new EtcdTestReplica(uri);
        EtcdTestReplica next = new EtcdTestReplica(uri)) {
      client.createLeases(CROWD, TTL.toSeconds());
      former.acquire(claim("late", new Lease(TTL, Duration.ofSeconds(1))));
      awaitEnd(client, "late");
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  answer(next.backend().tryAcquire(claim("late"), QueueIntent.NONE))
                      instanceof Attempt.Granted);
      // Version 1: created when there was no such key, not written over an existing one.
      assertThat(client.record("late").orElseThrow().getVersion()).isEqualTo(1);
    }
  }

  @Test
  void renewalOfALeaseThatHasEnded_isLostAtOnceAndKeepsNobodyWaiting() {
    String uri = ETCD.uri("waiting");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica former = new EtcdTestReplica(uri);
        EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      List<Grant> living = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        living.add(replica.acquire("living/" + i));
      }
      client.createLeases(CROWD, TTL.toSeconds());
      Grant late = former.acquire(claim("late", TTL));
      awaitEnd(client, "late");
      CompletionStage<Renewal> lost = replica.backend().renew(late.ref());
      List<CompletionStage<Renewal>> renewals =
          living.stream().map(grant -> replica.backend().renew(grant.ref())).toList();
      renewals.forEach(renewal -> assertThat(answer(renewal)).isInstanceOf(Renewal.Renewed.class));
      assertThat(answer(lost))
          .isInstanceOfSatisfying(
              Renewal.Lost.class,
              told -> assertThat(told.loss().reason()).isEqualTo(LossReason.EXPIRED));
      assertThat(client.record("late")).as("the key of the lease that has ended").isPresent();
    }
  }

  /** Waits until etcd reports the end of the lease while its key still exists. */
  private static void awaitEnd(EtcdTestClient client, String lock) {
    long lease = client.record(lock).orElseThrow().getLease();
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> client.secondsLeft(lease) < 0);
    assertThat(client.record(lock)).as("not removed yet").isPresent();
  }
}
