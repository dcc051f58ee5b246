package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.EtcdServer;
import io.etcd.jetcd.api.KeyValue;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A replica queue belongs to all replicas in it, not to the one that wrote it last. */
final class ReplicaQueueTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  @Test
  void replicaThatStops_takesNobodysPlaceAlong() throws InterruptedException {
    String uri = ETCD.uri("stopped");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica first = new EtcdTestReplica(uri);
        EtcdTestReplica newcomer = new EtcdTestReplica(uri)) {
      Grant held = holder.acquire("rolled");
      Claim waiting = join(first);
      try (EtcdTestReplica last = new EtcdTestReplica(uri)) {
        join(last);
      }
      assertFirst(client, first);
      holder.release(held);
      assertThat(newcomer.attempt(claim("rolled"), QueueIntent.NONE))
          .isInstanceOf(Attempt.Busy.class);
      assertThat(first.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(new LockName("rolled"));
      granted(first.attempt(waiting, QueueIntent.JOIN));
    }
  }

  @Test
  void replicaThatDies_takesNobodysPlaceAlong() {
    String uri = ETCD.uri("died");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica first = new EtcdTestReplica(uri);
        EtcdTestReplica last = new EtcdTestReplica(uri)) {
      holder.acquire("rolled");
      join(first);
      join(last);
      // etcd does this ten seconds after a death.
      client.revoke(client.all(client.schema.replica(last.id())).get(0).getLease());
      assertFirst(client, first);
    }
  }

  @Test
  void lineOfThoseWhoStillWait_isWrittenAgainLongBeforeItsLeaseEnds() {
    String uri = ETCD.uri("waiting");
    try (EtcdTestClient client = new EtcdTestClient(uri);
        EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica first = new EtcdTestReplica(uri)) {
      holder.acquire("rolled");
      join(first);
      KeyValue before = client.queue("rolled").orElseThrow();
      KeyValue after =
          await()
              .atMost(Duration.ofSeconds(25))
              .until(
                  () -> client.queue("rolled").orElseThrow(),
                  line -> line.getModRevision() > before.getModRevision());
      assertThat(after.getValue()).isEqualTo(before.getValue());
      assertThat(after.getLease()).isNotEqualTo(before.getLease());
    }
  }

  private static Claim join(EtcdTestReplica replica) {
    Claim waiting = claim("rolled");
    assertThat(answer(replica.backend().tryAcquire(waiting, QueueIntent.JOIN)))
        .isInstanceOf(Attempt.Busy.class);
    return waiting;
  }

  private static void assertFirst(EtcdTestClient client, EtcdTestReplica first) {
    assertThat(client.queue("rolled").map(line -> line.getValue().toStringUtf8()))
        .hasValueSatisfying(line -> assertThat(line).startsWith(first.id().value()));
  }
}
